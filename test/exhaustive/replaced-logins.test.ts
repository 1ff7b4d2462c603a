import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { isAsNew } from '../../src/accounts/compare-logins.ts';
import { isAsideName } from '../../src/accounts/credential/aside.ts';
import { readLinkTarget } from '../../src/accounts/credential/swap-link.ts';
import { readLogin } from '../../src/accounts/login.ts';
import { useCommand } from '../../src/cli/accounts/use.ts';
import { readSecrets } from '../../src/codex/auth-file.ts';
import { reconcileLogins } from '../../src/launch/reconcile-logins.ts';
import { adoptAuth } from '../../src/overlay/adopt-auth.ts';
import { mendLoginLink } from '../../src/overlay/mend-link.ts';
import { pointAuth } from '../../src/overlay/point-auth.ts';
import { isTemporaryName } from '../../src/state/files.ts';
import { NOW, run, slotOf } from './login-operations.ts';
import { kindOf, listFiles, loginOf, makeWorld, NEW, OLD, type World } from './logins-world.ts';
import { Killed, leaveOutSync, watchChanges } from './watched-fs.ts';

// A tool puts an auth.json in the place of our link. Whatever the login in it is, and wherever we stop, each login that was
// there is still in a regular file; and only a login that is newer is told as one.

beforeAll(leaveOutSync);

/** How the login of the tool compares with the vault's login of its account. */
const RELATIONS = {
  same: (name: string) => formatAnew(loginOf(name)),
  older: (name: string) => loginOf(name, OLD - 1000),
  newer: (name: string) => loginOf(name, NEW),
  unknown: (name: string) => loginOf(name).replace(`refresh-${name}-`, 'refresh-other-'),
  undated: (name: string) => undate(loginOf(name, OLD - 1000)),
};
type Relation = keyof typeof RELATIONS;
const relations = Object.keys(RELATIONS) as Relation[];

/** What is in the vault of that account. Its last good copy has the login of the time OLD. */
const VAULTS: Record<string, (file: string, name: string) => void> = {
  whole: () => undefined,
  missing: (file) => rmSync(file),
  older: (file, name) => writeFileSync(file, loginOf(name, OLD - 500)),
  unreadable: (file) => writeFileSync(file, '{"tokens":'),
};

const cases = relations.flatMap((relation) =>
  ['a', 'b', 'eve'].flatMap((account) =>
    Object.keys(VAULTS).map((vault): [Relation, string, string] => [relation, account, vault]),
  ),
);

describe.each(cases)('a login (%s) of %s, where its vault is %s', (relation, account, vault) => {
  const owner = account === 'eve' ? 'a' : account;
  const text = RELATIONS[relation](account);
  const open = () => {
    const world = makeWorld(({ paths, shared, vault: fileOf }) => {
      symlinkSync(fileOf('a'), shared);
      const homes = { [paths.sharedHome]: fileOf('a') };
      writeFileSync(paths.linkedFile, JSON.stringify({ version: 1, homes }));
    });
    VAULTS[vault]?.(world.vault(owner), owner);
    return world;
  };
  const putFile = (world: World) => {
    rmSync(world.shared);
    writeFileSync(world.shared, text, { mode: 0o600 });
  };
  /** Nothing tells whether the login or that of the vault is newer, and the vault has one. */
  const isUnclear = ['unknown', 'undated'].includes(relation) && ['whole', 'older'].includes(vault);
  const isPlaced =
    account !== 'eve' && !(relation === 'unknown' && vault === 'older') && !isUnclear;

  test('in the place of the link of the Codex home', async () => {
    const world = open();
    putFile(world);
    const listLost = rememberLogins(world);
    const said = await look(world);
    expect(listLost()).toEqual([]);
    if (isPlaced) {
      expect(readLinkTarget(world.shared)).toBe(world.vault(account));
    } else {
      expect(readFileSync(world.shared, 'utf8')).toBe(text);
    }
    if (relation === 'same' && vault === 'whole' && account === 'a') expect(said).toEqual([]);
    const isNews = relation === 'newer' || vault !== 'whole';
    if (!isNews) expect(said.join('\n')).not.toMatch(/has it now|has that login now/);
    expect(await look(world), 'the second time').toEqual([]);

    // Whatever was found, `use` reaches plain codex, unless that would cost a login.
    await run(world, useCommand, 'b');
    if (kindOf(world.shared) === 'link')
      expect(readLinkTarget(world.shared)).toBe(world.vault('b'));
    else expect(readFileSync(world.shared, 'utf8')).toBe(text);
    expect(listLost()).toEqual([]);
  });

  test('written through the link into the vault', async () => {
    const world = open();
    writeFileSync(world.shared, text);
    const listLost = rememberLogins(world);
    await look(world);
    expect(listLost()).toEqual([]);
    expect(kindOf(world.shared)).toBe('link');
    expect(await look(world), 'the second time').toEqual([]);
  });

  test('while the link leads to nothing', async () => {
    const world = open();
    rmSync(world.shared);
    symlinkSync(join(world.paths.home, 'gone'), world.shared);
    const listLost = rememberLogins(world);
    await look(world);
    expect(listLost()).toEqual([]);
    expect(await look(world), 'the second time').toEqual([]);
    await run(world, useCommand, 'b');
    expect(readLinkTarget(world.shared)).toBe(world.vault('b'));
  });

  test('in a Codex home that cannot be changed', async () => {
    const world = open();
    putFile(world);
    const listLost = rememberLogins(world);
    const { error } = await watchChanges(() => look(world), {
      counts: (_, args) =>
        args.slice(0, 2).some((arg) => dirname(String(arg)) === world.paths.sharedHome),
      before() {
        throw Object.assign(new Error('EROFS'), { code: 'EROFS' });
      },
    });
    expect(error).toBeUndefined();
    expect(listLost()).toEqual([]);
    expect(readFileSync(world.shared, 'utf8')).toBe(text);
  });

  test.each(['mend', 'end', 'hand off'])('in the place of the link of an overlay: %s', (what) => {
    const world = open();
    const slot = putInSlot(world, text);
    const listLost = rememberLogins(world);
    const isMended = leaveSlot(world, slot, what);
    expect(listLost()).toEqual([]);
    if (what !== 'mend') expect(kindOf(join(slot.home, 'auth.json'))).not.toBe('file');
    else expect(kindOf(join(slot.home, 'auth.json'))).toBe(isMended ? 'link' : 'file');
    if (what === 'mend' && account === 'a' && vault === 'whole') expect(isMended).toBe(!isUnclear);
    if (account !== 'a') expect(isMended).toBe(false);
  });
});

describe.each(
  relations.flatMap((relation) =>
    ['a', 'b'].map((account): [Relation, string] => [relation, account]),
  ),
)('killed before each change, a login (%s) of %s is not lost', (relation, account) => {
  const acts: [string, (world: World) => void, (world: World) => unknown][] = [
    [
      'in the Codex home',
      ({ shared }) => writeFileSync(shared, RELATIONS[relation](account), { mode: 0o600 }),
      look,
    ],
    ...['mend', 'end', 'hand off'].map((what): (typeof acts)[number] => [
      `in an overlay: ${what}`,
      (world) => putInSlot(world, RELATIONS[relation](account)),
      (world) => leaveSlot(world, { home: slotOf(world.paths), number: 1 }, what),
    ]),
  ];

  test.each(acts)('%s', async (_, lay, act) => {
    const lastLink = ({ paths, vault }: World) => {
      const homes = { [paths.sharedHome]: vault('a') };
      writeFileSync(paths.linkedFile, JSON.stringify({ version: 1, homes }));
    };
    const open = () =>
      makeWorld((world) => {
        lastLink(world);
        lay(world);
      });
    const counts = (call: string, args: readonly unknown[]) =>
      !call.endsWith('chmodSync') && !String(args[0]).includes('/codex-hotswap/locks');
    const whole = open();
    const { changes, error } = await watchChanges(() => act(whole), { counts });
    expect(error).toBeUndefined();
    for (let at = changes; at > 0; at--) {
      for (const how of ['killed', 'EACCES'] as const) {
        const world = open();
        const listLost = rememberLogins(world);
        await watchChanges(() => act(world), {
          counts,
          before(n) {
            if (how === 'killed' && n >= at) throw new Killed();
            if (how === 'EACCES' && n === at) throw Object.assign(new Error(how), { code: how });
          },
        });
        expect(listLost(), `${how} at change ${at}`).toEqual([]);
        rmSync(world.paths.locksDir, { recursive: true, force: true });
        await look(world);
        leaveSlot(world, { home: slotOf(world.paths), number: 1 }, 'end');
        expect(listLost(), `after the next look, ${how} at change ${at}`).toEqual([]);
      }
    }
  });
});

test('a tool that writes one old login again and again leaves one copy of it', async () => {
  const world = makeWorld(({ shared, vault }) => symlinkSync(vault('a'), shared));
  await look(world);
  for (let count = 0; count < 5; count++) {
    rmSync(world.shared);
    writeFileSync(world.shared, loginOf('a', OLD - 1000), { mode: 0o600 });
    expect(await look(world)).toEqual([expect.stringContaining('an older login of a')]);
    expect(readLinkTarget(world.shared)).toBe(world.vault('a'));
  }
  expect(listFiles(world.paths.orphansDir)).toHaveLength(1);
});

/** One command of ours. @returns what it says. */
async function look({ paths, config }: World): Promise<string[]> {
  const { lines, problem } = await reconcileLogins(paths, config(), NOW, { isLaunch: true });
  return problem === undefined ? lines : [...lines, problem];
}

function putInSlot({ paths }: World, text: string) {
  const home = slotOf(paths);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeFileSync(join(home, 'auth.json'), text, { mode: 0o600 });
  return { home, number: 1 };
}

/** What a session under the account a does with its overlay. */
function leaveSlot(world: World, slot: { home: string; number: number }, what: string): boolean {
  const places = { vaults: world.vaults(), orphansDir: world.paths.orphansDir, now: NOW };
  const [vault] = places.vaults;
  if (what === 'mend') return vault !== undefined && mendLoginLink(slot, vault, places);
  adoptAuth(slot, places);
  if (what === 'hand off') pointAuth(slot, world.vault('b'));
  return false;
}

/**
 * The logins in every regular file below the HOME. Unfinished files do not count.
 * @returns lists the refresh tokens of those that are gone, unless a newer login of the account is there.
 */
function rememberLogins({ paths }: World): () => (string | undefined)[] {
  const list = () =>
    listFiles(paths.home)
      .filter((file) => !isTemporaryName(basename(file)) || isAsideName(basename(file)))
      .map((file) => readFileSync(file, 'utf8'))
      .filter((text) => readLogin(text).kind === 'login');
  const before = list();
  return () => {
    const after = list();
    return before
      .filter((text) => !after.some((other) => isAsNew(other, text)))
      .map((text) => readSecrets(text).get('refresh_token'));
  };
}

/** As jq, an editor and a dotfile tool leave a file: other white space and order, a key more, a time in another format. */
function formatAnew(text: string): string {
  const { tokens, ...rest } = JSON.parse(text);
  const turned = Object.fromEntries(Object.entries(tokens).reverse());
  return `${JSON.stringify({ managed_by: 'stow', last_refresh: 1_790_000_000, tokens: turned, ...rest }, null, 2)}\n`;
}

/** A login with tokens that tell no time. */
function undate(text: string): string {
  const auth = JSON.parse(text);
  const [head, claims, end] = auth.tokens.access_token.split('.');
  const { iat: _, ...others } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'));
  const undated = Buffer.from(JSON.stringify(others)).toString('base64url');
  auth.tokens.access_token = [head, undated, end].join('.');
  return JSON.stringify(auth);
}
