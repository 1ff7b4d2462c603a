import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { isAsideName } from '../../src/accounts/credential/aside.ts';
import { readLogin } from '../../src/accounts/login.ts';
import { uninstallCommand } from '../../src/cli/set-up/uninstall.ts';
import { HotswapError } from '../../src/errors.ts';
import { reconcileLogins } from '../../src/launch/reconcile-logins.ts';
import { adoptAuth } from '../../src/overlay/adopt-auth.ts';
import { NOW, OPERATIONS, run, slotOf } from './login-operations.ts';
import {
  FILES,
  HOMES,
  kindOf,
  listFiles,
  loginOf,
  makeVaultHome,
  makeWorld,
  NEW,
  newestLogins,
  rememberLogins,
  type World,
} from './logins-world.ts';
import { Killed, leaveOutSync, type TurnWatch, watchChanges } from './watched-fs.ts';

// The rule: whatever the auth.json of the shared home is, whatever is done, and wherever it stops, the newest login of
// every account stands in a regular file afterwards.

beforeAll(leaveOutSync);

const operations = Object.entries(OPERATIONS);
const files = Object.entries(FILES);
const isExpected = (error: unknown) => error === undefined || error instanceof HotswapError;

describe.each(operations)('%s', (_, operate) => {
  test.each(files)('where the shared home has %s', async (__, lay) => {
    const world = makeWorld(lay);
    const listLost = rememberLogins(world);
    const { error } = await watchChanges(() => operate(world), { before: refuseOthers });
    expect(error).toSatisfy(isExpected);
    expect(listLost()).toEqual([]);
    expect(listFiles(world.paths.home).map((file) => basename(file))).not.toContainEqual(
      expect.stringMatching(/\.hotswap-\d+-/),
    );
  });

  test.each([...Object.keys(HOMES), 'by the configuration'])(
    'where the shared home is the vault of a, %s',
    async (how) => {
      const world = makeVaultHome(how);
      const listLost = rememberLogins(world);
      const { error } = await watchChanges(() => operate(world));
      expect(error).toSatisfy(isExpected);
      expect(listLost()).toEqual([]);
      const { vault } = world;
      // Only a login that a person has made just now takes its place, and only its place.
      expect(kindOf(vault('a'))).toBe('file');
      expect(readLogin(readFileSync(vault('a'), 'utf8')).kind).toBe('login');
    },
  );
});

/** Only the files of one folder may change a name of an auth.json. */
function refuseOthers(_: number, call: string, args: readonly unknown[]): void {
  if (!/^(rename|unlink|link|symlink|rm|copyFile)/.test(call)) return;
  const names = args.slice(0, 2).map((arg) => basename(String(arg)));
  if (!names.includes('auth.json')) return;
  const caller = new Error().stack?.split('\n').find((line) => line.includes('/src/')) ?? '';
  if (!/\/src\/accounts\/credential\//.test(caller)) {
    throw new Error(`${call} ${names.join(' ')}: ${caller}`);
  }
}

test('a purge deletes the stored logins, and never that of the Codex home', async () => {
  for (const how of [...Object.keys(HOMES), 'by the configuration']) {
    const world = makeVaultHome(how);
    const said = await run(world, uninstallCommand, '--purge', '--yes');
    expect(said.join('\n')).toContain("is the directory of a's login");
    expect([...newestLogins(world).keys()]).toEqual(['a']);
    expect(kindOf(world.vault('a'))).toBe('file');
  }
});

// Everything that moves a login, in few cases: each is stopped before each of its changes.
const MOVES: [operation: string, file: string][] = [
  ['prime', 'a newer login of a'],
  ['prime another', 'a newer login of a'],
  ['prime another', 'an older login of a'],
  ['prime another', 'a hard link of the vault’s file'],
  ['prime another', 'a link to the vault'],
  ['unprime', 'a link to the vault'],
  ['notice', 'a link that was removed'],
  ['notice at a launch', 'a newer login of b'],
  ['settle', 'a newer login of a'],
  ['settle', 'a stranger in the vault, through the link'],
  ['settle', 'the login of b in the vault of a, through the link'],
  ['settle', 'an older login of a in its vault, through the link'],
  ['place', 'absent'],
  ['log in again', 'a link to the vault'],
  ['become another account', 'a link to the vault'],
  ['move an account', 'a link to another vault'],
  ['adopt from a slot', 'a link to the vault'],
  ['import', 'a newer login of a'],
  ['import as a new target', 'a login of nobody'],
  ['use', 'a newer login of a'],
  ['remove', 'a link to the vault'],
  ['rename', 'a link to the vault'],
  ['uninstall', 'a link to the vault'],
];

describe.each(MOVES)('%s, where the shared home has %s', (operation, file) => {
  const open = () => {
    const world = makeWorld(FILES[file]);
    return {
      world,
      listLost: rememberLogins(world),
      operate: () => OPERATIONS[operation]?.(world),
    };
  };
  /** Locks have tests of their own, and a mode is no content. */
  const counts = (call: string, args: readonly unknown[]) =>
    !call.endsWith('chmodSync') && !String(args[0]).includes('/codex-hotswap/locks');
  /** How many changes there are when nothing goes wrong. */
  const count = async (which: NonNullable<TurnWatch['counts']>) => {
    const { changes, error } = await watchChanges(open().operate, { counts: which });
    expect(error).toBeUndefined();
    return changes;
  };

  test('killed before each change, nothing is lost, and the next look leaves nothing aside', async () => {
    for (let at = await count(counts); at > 0; at--) {
      const { world, listLost, operate } = open();
      await watchChanges(operate, {
        counts,
        before(n) {
          if (n >= at) throw new Killed();
        },
      });
      expect(listLost(), `at change ${at}`).toEqual([]);
      await lookAgain(world);
      expect(listLost(), `after the next look, at change ${at}`).toEqual([]);
      expect(listAsides(world), `at change ${at}`).toEqual([]);
    }
  });

  test('each change fails once, with one error or another', async () => {
    for (let at = await count(counts); at > 0; at--) {
      const { world, listLost, operate } = open();
      await watchChanges(operate, {
        counts,
        before(n) {
          const code = ['ENOSPC', 'EACCES', 'EIO'][at % 3] as string;
          if (n === at) throw Object.assign(new Error(code), { code });
        },
      });
      expect(listLost(), `at change ${at}`).toEqual([]);
      await lookAgain(world);
      expect(listLost(), `after the next look, at change ${at}`).toEqual([]);
      expect(listAsides(world), `at change ${at}`).toEqual([]);
    }
  });

  test('a token that an IDE saves before any change of a login is not lost', async () => {
    const ofLogins = (_: string, args: readonly unknown[]) =>
      args.some((arg) => /[./]auth[.-]/.test(String(arg).slice(0, 500)));
    for (let at = await count(ofLogins); at > 0; at--) {
      const { world, listLost, operate } = open();
      let saved: string | undefined;
      await watchChanges(operate, {
        counts: ofLogins,
        before(n) {
          if (n === at) saved = saveInPlace(world.shared);
        },
      });
      expect(listLost(), `at change ${at}`).toEqual([]);
      if (saved !== undefined) {
        expect(newestLogins(world).get(saved), `at change ${at}`).toBe(NEW + 1000);
      }
    }
  });
});

/** But for those in the vault of a target that was just removed: it is nobody's to look at. */
function listAsides({ paths, config }: World): string[] {
  const places = [paths.sharedHome, slotOf(paths), ...config().targets.map(({ vault }) => vault)];
  return places
    .filter((dir) => existsSync(dir))
    .flatMap((dir) => readdirSync(dir).filter(isAsideName));
}

/** As Codex up to 0.160: into the file that is there, through a link. @returns whose token it is. */
function saveInPlace(file: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const read = readLogin(text);
  if (read.kind === 'broken') return undefined;
  const { userId } = read.login.identity;
  truncateSync(file);
  appendFileSync(file, loginOf(userId, NEW + 1000));
  return userId;
}

/** The next command of ours, and the next lease of the slot: those who held a lock are dead by then. */
async function lookAgain({ paths, config, vaults }: World): Promise<void> {
  rmSync(paths.locksDir, { recursive: true, force: true });
  await reconcileLogins(paths, config(), NOW, { isLaunch: true });
  const places = { vaults: vaults(), orphansDir: paths.orphansDir, now: NOW };
  adoptAuth({ home: slotOf(paths), number: 1 }, places);
}

test('the stand-in for an IDE saves through a link', () => {
  const world = makeWorld(FILES['a link to the vault']);
  writeFileSync(world.vault('a'), loginOf('a'));
  expect(saveInPlace(world.shared)).toBe('a');
  expect(readFileSync(world.vault('a'), 'utf8')).toBe(loginOf('a', NEW + 1000));
});
