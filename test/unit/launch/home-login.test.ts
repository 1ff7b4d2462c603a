import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeCurrent } from '../../../src/accounts/current.ts';
import { writeLastLink } from '../../../src/accounts/last-link.ts';
import { parseArgv } from '../../../src/codex/argv.ts';
import type { WantedTarget } from '../../../src/launch/choose-account.ts';
import { chooseByHome } from '../../../src/launch/choose-by-home.ts';
import { findUnknownLogin, readHomeLogin } from '../../../src/launch/home-login.ts';
import { validateConfig } from '../../../src/state/config.ts';
import { type Paths, resolvePaths } from '../../../src/state/paths.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

// Under which account a session runs whose home is named by CODEX_HOME: every kind of login that may lie there.

const CLIENT = forgeAuth({ user: 'client', account: 'w-client' });
const KEY = JSON.stringify({ auth_mode: 'apikey', OPENAI_API_KEY: 'sk-lab-0123456789' });

interface Home {
  paths: Paths;
  /** A path in the home that CODEX_HOME names. */
  own(name: string): string;
  vault(name: string): string;
}

type Make = (home: Home) => void;

/** acc1, which is current, and acc2; `~/client` is what CODEX_HOME names. */
function makeHome(make: Make, codexHome = 'client') {
  const { home } = makeScratchHome();
  const paths = resolvePaths({ CODEX_HOME: join(home, codexHome) }, home);
  const vault = (name: string) => join(home, `.codex-${name}`, 'auth.json');
  for (const name of ['acc1', 'acc2']) {
    mkdirSync(join(home, `.codex-${name}`), { mode: 0o700 });
    const login = forgeAuth({ user: name, account: `w-${name}` });
    writeFileSync(vault(name), login, { mode: 0o600 });
  }
  mkdirSync(join(home, 'client'), { mode: 0o700 });
  writeCurrent(paths, 'acc1');
  make({ paths, vault, own: (name) => join(home, 'client', name) });
  const config = validateConfig(
    { version: 1, targets: [{ name: 'acc1' }, { name: 'acc2' }] },
    paths,
  );
  return { paths, config };
}

async function choose(make: Make, wanted?: WantedTarget, codexHome?: string) {
  const { paths, config } = makeHome(make, codexHome);
  const invocation = parseArgv(['exec', 'hello']);
  const place = { invocation, cwd: paths.home, sharedHome: paths.sharedHome };
  const choice = chooseByHome(await readHomeLogin(paths, config, place), wanted);
  if ('alone' in choice) return { alone: choice.alone.replaceAll(paths.home, '~') };
  const target = choice.wanted?.kind === 'only' ? choice.wanted.target : 'acc1';
  return {
    target,
    isForced: choice.wanted?.kind === 'only',
    keepsHome: choice.keepsHome,
    line: choice.tell(target)?.replaceAll(paths.home, '~'),
  };
}

const file =
  (text: string): Make =>
  ({ own }) =>
    writeFileSync(own('auth.json'), text, { mode: 0o600 });

/** Kinds of a home in which Codex runs alone → what its line says. */
const APART: [string, Make, RegExp][] = [
  [
    'a login of no target',
    file(CLIENT),
    /logged in as client@example\.com, which is none of your accounts/,
  ],
  [
    'a link to a login outside the vaults',
    ({ paths, own }) => {
      mkdirSync(join(paths.home, 'elsewhere'));
      writeFileSync(join(paths.home, 'elsewhere/auth.json'), CLIENT);
      symlinkSync('../elsewhere/auth.json', own('auth.json'));
    },
    /logged in as client@example\.com/,
  ],
  ['an API key', file(KEY), /logged in as an API key \(key-[0-9a-f]+\)/],
  ['a broken auth.json', file('{'), /an auth\.json that is not valid JSON/],
  ['an empty auth.json', file(''), /an auth\.json that is empty/],
  ['an auth.json of nobody', file('{}'), /an auth\.json that holds no login/],
  [
    'a login that tells no account',
    file(JSON.stringify({ auth_mode: 'personalAccessToken', personal_access_token: 'pat-lab' })),
    /an auth\.json that does not tell whose account it is/,
  ],
  [
    'a link to nothing, of a volume that is not there, say',
    ({ own }) => symlinkSync('/nowhere/auth.json', own('auth.json')),
    /an auth\.json that is a link to nothing/,
  ],
  ['a directory', ({ own }) => mkdirSync(own('auth.json')), /an auth\.json that is not a file/],
  [
    'a pipe',
    ({ own }) => void execFileSync('mkfifo', [own('auth.json')]),
    /an auth\.json that is not a file/,
  ],
  [
    'a link to itself',
    ({ own }) => symlinkSync('auth.json', own('auth.json')),
    /an auth\.json that cannot be read \(ELOOP\)/,
  ],
  ...['keyring', 'auto', 'ephemeral'].map((store): [string, Make, RegExp] => [
    `logins in the ${store} store`,
    ({ own }) => writeFileSync(own('config.toml'), `cli_auth_credentials_store = "${store}"\n`),
    new RegExp(`a login in the "${store}" store`),
  ]),
  [
    'a keyring, and a file of a target that Codex does not look at',
    ({ own, vault }) => {
      writeFileSync(own('config.toml'), 'cli_auth_credentials_store = "keyring"\n');
      execFileSync('cp', [vault('acc2'), own('auth.json')]);
    },
    /a login in the "keyring" store/,
  ],
  [
    'an encrypted login',
    ({ own }) => {
      mkdirSync(own('secrets'));
      writeFileSync(own('secrets/codex_auth.age'), 'age');
    },
    /an encrypted login/,
  ],
  [
    'a login of no target where a link to a vault was before',
    ({ paths, own, vault }) => {
      writeLastLink(paths, vault('acc1'));
      writeFileSync(own('auth.json'), CLIENT);
    },
    /logged in as client@example\.com/,
  ],
];

describe('Codex runs alone, under the login that lies there', () => {
  test.each(APART)('%s', async (_what, make, line) => {
    for (const wanted of [undefined, { kind: 'preferred', target: 'acc2' } as const]) {
      const choice = await choose(make, wanted);
      expect(choice.alone).toMatch(line);
      expect(choice.alone).toContain('so codex uses that, unsupervised');
      expect(choice.alone).toContain('codex-hotswap');
      expect(choice.alone).not.toContain('\n');
      expect(choice.alone).not.toContain('sk-lab');
    }
  });

  test.each(['not-there', 'client/file'])('a home that is none: %s', async (codexHome) => {
    const choice = await choose(({ own }) => writeFileSync(own('file'), ''), undefined, codexHome);
    expect(choice).toEqual({
      alone: `~/${codexHome} is not a directory, so codex runs unsupervised`,
    });
  });

  test('one that may not be read', async () => {
    if (process.getuid?.() === 0) return; // root reads everything
    const choice = await choose(({ own }) => {
      writeFileSync(own('auth.json'), CLIENT);
      chmodSync(own('auth.json'), 0);
    });
    expect(choice.alone).toMatch(/cannot be read \(EACCES\)/);
  });

  test('its e-mail and the way to make it a target are in the line', async () => {
    expect((await choose(file(CLIENT))).alone).toBe(
      '~/client is logged in as client@example.com, which is none of your accounts here, so codex uses that, unsupervised; to add it to your accounts: codex-hotswap import ~/client/auth.json --as NAME',
    );
  });
});

describe('an account that is named outranks the home', () => {
  test.each(APART)('%s', async (_what, make, line) => {
    const choice = await choose(make, { kind: 'only', target: 'acc2' });
    expect(choice).toMatchObject({ target: 'acc2', isForced: true, keepsHome: true });
    expect(choice.line).toMatch(line);
    expect(choice.line).toMatch(/; this session works under acc2, as you asked$/);
  });

  test('also one that is a vault, or has a target’s login: the line is left out where they agree', async () => {
    const copy: Make = ({ own, vault }) =>
      void execFileSync('cp', [vault('acc2'), own('auth.json')]);
    const vault = [() => undefined, '.codex-acc2'] as const;
    for (const [make, codexHome] of [[copy, 'client'], vault] as const) {
      const other = await choose(make, { kind: 'only', target: 'acc1' }, codexHome);
      expect(other).toMatchObject({ target: 'acc1', isForced: true });
      expect(other.line).toContain('acc1, as you asked');
      const same = await choose(make, { kind: 'only', target: 'acc2' }, codexHome);
      expect(same).toMatchObject({ target: 'acc2', isForced: true, line: undefined });
    }
  });
});

describe('a home that has the login of a target is as `launch` with its name', () => {
  test.each<[string, Make, string?]>([
    ['a copy', ({ own, vault }) => void execFileSync('cp', [vault('acc2'), own('auth.json')])],
    [
      'an older copy',
      ({ own }) =>
        writeFileSync(
          own('auth.json'),
          forgeAuth({ user: 'acc2', account: 'w-acc2', issuedAt: 1_700_000_000 }),
        ),
    ],
    ['a link to its vault', ({ own, vault }) => symlinkSync(vault('acc2'), own('auth.json'))],
    [
      'a link to its vault, with no target current yet',
      ({ paths, own, vault }) => {
        rmSync(paths.currentFile);
        symlinkSync(vault('acc2'), own('auth.json'));
      },
    ],
    [
      'a link to a link to its vault',
      ({ paths, own, vault }) => {
        symlinkSync(vault('acc2'), join(paths.home, 'between'));
        symlinkSync('../between', own('auth.json'));
      },
    ],
    ['a link to its vault that is gone', ({ paths, vault }) => writeLastLink(paths, vault('acc2'))],
    ['the vault itself', () => undefined, '.codex-acc2'],
    [
      'a link to the vault',
      ({ paths }) => symlinkSync('.codex-acc2', join(paths.home, 'work')),
      'work',
    ],
    ['the vault, with a slash', () => undefined, '.codex-acc2/'],
    ['the vault, by a way round', () => undefined, 'client/../.codex-acc2'],
  ])('%s', async (_what, make, codexHome) => {
    const choice = await choose(make, undefined, codexHome);
    expect(choice).toMatchObject({ target: 'acc2', isForced: true, keepsHome: true });
    expect(choice.line).toMatch(/, so this session works under acc2$/);
  });

  test('~/.codex that is a link to the vault, with and without CODEX_HOME', async () => {
    const { paths, config } = makeHome(() => undefined);
    execFileSync('rmdir', [join(paths.home, '.codex')]);
    symlinkSync('.codex-acc2', join(paths.home, '.codex'));
    for (const env of [{}, { CODEX_HOME: join(paths.home, '.codex') }]) {
      const found = resolvePaths(env, paths.home);
      const invocation = parseArgv(['exec', 'hello']);
      const { sharedHome } = found;
      const home = await readHomeLogin(found, config, { invocation, cwd: paths.home, sharedHome });
      expect(home).toMatchObject({ kind: 'vault', target: 'acc2' });
    }
  });
});

describe('as always, without a line', () => {
  test.each<[string, Make, string?]>([
    [
      'a link to the vault of the current target',
      ({ own, vault }) => symlinkSync(vault('acc1'), own('auth.json')),
    ],
    ['a home whose link is gone', ({ paths, vault }) => writeLastLink(paths, vault('acc1'))],
    ['the default home by name', () => undefined, '.codex'],
    [
      'the default home by a link',
      ({ paths }) => symlinkSync('.codex', join(paths.home, 'same')),
      'same',
    ],
    [
      'a link to the current target’s vault, which is empty',
      ({ paths, own, vault }) => {
        symlinkSync(vault('acc1'), own('auth.json'));
        rmSync(join(paths.home, '.codex-acc1/auth.json'));
      },
    ],
  ])('%s', async (_what, make, codexHome) => {
    expect(await choose(make, undefined, codexHome)).toEqual({
      ...{ target: 'acc1', isForced: false, keepsHome: false, line: undefined },
    });
  });
});

describe('a home of its own without any login', () => {
  test.each<[string, Make]>([
    ['never had one', () => undefined],
    [
      'another login than a target’s, and logged out of that',
      ({ paths }) => writeLastLink(paths, null),
    ],
    [
      'that of a target which was removed',
      ({ paths }) => writeLastLink(paths, join(paths.home, '.codex-gone/auth.json')),
    ],
  ])(
    '%s: works under the account that is current, says so, and is never linked to it',
    async (_what, make) => {
      expect(await choose(make)).toEqual({
        ...{ target: 'acc1', isForced: false, keepsHome: true },
        line: 'this Codex home has no login of its own, so this session works under acc1; to give it one: codex login',
      });
    },
  );
});

describe('a stranger’s login in the default home', () => {
  const find = (make: Make) => {
    const { paths, config } = makeHome(make, '.codex');
    return findUnknownLogin(paths, config);
  };
  const put =
    (text: string): Make =>
    ({ paths }) =>
      writeFileSync(join(paths.home, '.codex/auth.json'), text);

  test.each<[string, Make, string | undefined]>([
    ['is named', put(CLIENT), 'client@example.com'],
    [
      'by a link, too',
      ({ paths, own }) => {
        writeFileSync(own('auth.json'), CLIENT);
        symlinkSync(own('auth.json'), join(paths.home, '.codex/auth.json'));
      },
      'client@example.com',
    ],
    ['a target’s is none', put(forgeAuth({ user: 'acc2', account: 'w-acc2' })), undefined],
    [
      'a link to a vault is none',
      ({ paths, vault }) => symlinkSync(vault('acc2'), join(paths.home, '.codex/auth.json')),
      undefined,
    ],
    ['nothing is none', () => undefined, undefined],
    ['what cannot be read is none', put('{'), undefined],
  ])('%s', (_what, make, who) => {
    expect(find(make)).toBe(who);
  });
});
