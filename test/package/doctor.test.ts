import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { leaseSlot } from '../../src/overlay/lease.ts';
import { resolvePaths } from '../../src/state/paths.ts';
import { createHome, forgeLogin, SHIM } from './sandbox.ts';

function createHealthyHome() {
  const home = createHome();
  home.writeVault('acc1', 'ann');
  home.writeVault('acc2', 'bob');
  home.ok(['setup', '--install-shim']);
  return home;
}

test('a healthy setup', () => {
  const home = createHealthyHome();
  const ran = home.run(['doctor']);
  expect(ran.stdout).toMatch(/\ndoctor status: ok\n$/);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  expect(ran.stdout).toMatch(/^ok {5}codex-cli 9\.9\.9 /m);
});

const FAULTS: [string, (home: ReturnType<typeof createHome>) => void, RegExp][] = [
  ['no codex', (home) => rmSync(home.path('programs/codex')), /no codex on PATH/],
  ['codex not executable', (home) => chmodSync(home.path('programs/codex'), 0o644), /chmod \+x/],
  [
    'codex does not run',
    (home) => home.write('programs/codex', '#!/bin/sh\nexit 3\n', 0o755),
    /does not run/,
  ],
  ['no shim', (home) => home.ok(['uninstall-shim']), /codex-hotswap install-shim/],
  [
    'another shim',
    (home) => home.write(SHIM, '#!/bin/sh\n# codex-hotswap shim: x\n', 0o755),
    /belongs to another installation/,
  ],
  ['open vault', (home) => chmodSync(home.path('.codex-acc1'), 0o755), /chmod 700/],
  [
    'readable login',
    (home) => chmodSync(home.path('.codex-acc1/auth.json'), 0o640),
    /chmod 600 .*acc1/,
  ],
  ['broken login', (home) => home.write('.codex-acc2/auth.json', '{'), /login acc2/],
  ['no login', (home) => rmSync(home.path('.codex-acc2/auth.json')), /acc2: not logged in/],
  [
    'twins',
    (home) => home.write('.codex-acc2/auth.json', forgeLogin('ann')),
    /acc1 and acc2 are the same account/,
  ],
  [
    'open state directory',
    (home) => chmodSync(home.path('.local/state/codex-hotswap'), 0o755),
    /chmod 700 .*codex-hotswap/,
  ],
  [
    'a vault that is a link',
    (home) => {
      renameSync(home.path('.codex-acc1'), home.path('elsewhere'));
      symlinkSync(home.path('elsewhere'), home.path('.codex-acc1'));
    },
    /\.codex-acc1 is a symbolic link; replace the link by the directory/,
  ],
  [
    'a vault others can write in',
    (home) => chmodSync(home.path('.codex-acc1'), 0o770),
    /acc1.*can be changed by other users \(mode 0770\); run: chmod 700/,
  ],
  [
    'a slow clock',
    (home) => home.write('.codex-acc2/auth.json', forgeLogin('bob', 3_900_000_000)),
    /this clock is slow/,
  ],
  [
    'a login that must be renewed',
    (home) => writeMark(home, { kind: 'needs-login', until: null, at: 3_900_000_000 }),
    /acc1.*needs a new login; run: codex-hotswap login acc1/,
  ],
  ['broken config.toml', (home) => home.write('.codex/config.toml', 'x ='), /is not valid TOML/],
  [
    'a forced workspace',
    (home) => home.write('.codex/config.toml', 'forced_chatgpt_workspace_id = "w"'),
    /forced_chatgpt_workspace_id/,
  ],
  [
    'databases that cannot be written',
    (home) => home.write('.codex/config.toml', `sqlite_home = "/proc/1"`),
    /databases/,
  ],
  [
    'bad configuration',
    (home) => home.write('.config/codex-hotswap/config.json', '{}'),
    /config\.json: version must be 1/,
  ],
];

describe('the shim under a version manager', () => {
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  const change = (home: ReturnType<typeof createHome>, name: string, value: string) =>
    home.write(
      SHIM,
      home.read(SHIM).replace(new RegExp(`^${name}='.*'$`, 'm'), () => `${name}='${value}'`),
      0o755,
    );
  /** The package below the global prefix of another Node. */
  const installElsewhere = (home: ReturnType<typeof createHome>, other: string) => {
    const root = 'versions/v22/lib/node_modules/codex-hotswap';
    home.write(`${root}/package.json`, JSON.stringify({ name: 'codex-hotswap', version: other }));
    change(home, 'launch', home.write(`${root}/dist/bin/launch.js`, ''));
    return home.path(root);
  };

  test.each<[string, (home: ReturnType<typeof createHome>) => string]>([
    [
      'another Node, the same package',
      (home) => {
        const node = home.write('versions/v22/bin/node', '#!/bin/sh\n', 0o755);
        change(home, 'node', node);
        return `runs with ${node}, and this command with ${process.execPath}`;
      },
    ],
    [
      'another Node with a package of its own, of the same version',
      (home) =>
        `starts codex-hotswap ${version} in ${installElsewhere(home, version)}; this is the same version`,
    ],
  ])('%s is no fault', (_what, prepare) => {
    const home = createHealthyHome();
    const text = prepare(home);
    const ran = home.run(['doctor']);
    expect(ran.stdout).toContain(text);
    expect(ran.stdout).not.toContain('another installation');
    expect(ran).toMatchObject({ status: 0, stderr: '' });
  });

  test('the same Node by another path is not told at all', () => {
    const home = createHealthyHome();
    mkdirSync(home.path('link'));
    symlinkSync(process.execPath, home.path('link/node'));
    change(home, 'node', home.path('link/node'));
    const ran = home.run(['doctor']);
    expect(ran.stdout.match(/^.*shim.*$/gm)).toEqual([expect.stringContaining('is the shim')]);
  });

  test.each<[string, (home: ReturnType<typeof createHome>) => void, RegExp]>([
    [
      'another version',
      (home) => installElsewhere(home, '0.0.9'),
      /starts codex-hotswap 0\.0\.9 in .*; this is /,
    ],
    [
      'a Node that is gone',
      (home) => change(home, 'node', home.path('gone/node')),
      /the Node of the shim .* is gone/,
    ],
    [
      'a package that is gone',
      (home) => change(home, 'launch', home.path('gone/launch.js')),
      /launch\.js, which is gone/,
    ],
    [
      'an older shim of this package',
      (home) => home.write(SHIM, `${home.read(SHIM)}# older\n`, 0o755),
      /made by another version/,
    ],
    [
      'a package of another name',
      (home) => change(home, 'launch', home.write('p/dist/bin/launch.js', '')),
      /another installation/,
    ],
  ])('%s is told as that, and doctor --fix mends it', (_what, prepare, text) => {
    const home = createHealthyHome();
    prepare(home);
    const ran = home.run(['doctor']);
    expect(ran.stdout).toMatch(text);
    expect(ran.status).toBe(1);
    home.ok(['doctor', '--fix']);
    expect(home.run(['doctor'])).toMatchObject({ status: 0 });
  });
});

test.each(FAULTS)('%s is found, with the way out', (_what, breakIt, message) => {
  const home = createHealthyHome();
  breakIt(home);
  const ran = home.run(['doctor']);
  expect(ran.status).toBe(1);
  const [, list = ''] = ran.stdout.split('\ndoctor status: issues found\n');
  expect(list).toMatch(message);
});

const NOTES: [string, (home: ReturnType<typeof createHome>) => void, RegExp][] = [
  [
    'a keyring store',
    (home) => home.write('.codex/config.toml', 'cli_auth_credentials_store = "keyring"'),
    /note {3}.*the "keyring" store/,
  ],
  [
    'another provider',
    (home) => home.write('.codex/config.toml', 'model_provider = "local"'),
    /note {3}.*the provider "local"/,
  ],
  [
    'a daemon that began before the current login was chosen',
    (home) => {
      const file = home.write('.codex/app-server-daemon/daemon.pid', `${process.pid}\n`);
      utimesSync(file, 1_000_000_000, 1_000_000_000);
    },
    /note {3}a Codex daemon \(pid \d+\) runs on .* under the login that was there before/,
  ],
  [
    'a daemon that is gone',
    (home) => home.write('.codex/app-server-daemon/daemon.pid', '999999999'),
    /ok {5}no Codex daemon/,
  ],
  [
    'the login of another target in plain codex',
    (home) => {
      rmSync(home.path('.codex/auth.json'));
      symlinkSync(home.path('.codex-acc2/auth.json'), home.path('.codex/auth.json'));
    },
    /note {3}the real Codex uses the login of acc2, not of acc1/,
  ],
];

test.each(NOTES)('%s is worth a note', (_what, change, message) => {
  const home = createHealthyHome();
  change(home);
  expect(home.ok(['doctor'])).toMatch(message);
});

test.each(['linked before', 'never linked'])(
  'a login of plain codex that a target has, too: the advice names it, and works (%s)',
  (how) => {
    const home = createHealthyHome();
    const isNew = how === 'never linked';
    if (isNew) rmSync(home.path('.local/state/codex-hotswap/linked.json'));
    rmSync(home.path('.codex/auth.json'));
    const newer = forgeLogin('bob', 1_795_000_000);
    home.write('.codex/auth.json', newer);
    // With a link on record every command puts it in place, doctor as well as import.
    const advice = /bob@example\.com of its own .* that of acc2, .* import$/m;
    if (isNew) expect(home.ok(['doctor'])).toMatch(advice);
    expect(home.ok(['import'])).toContain('acc2 has');
    expect(home.read('.codex-acc2/auth.json')).toBe(newer);
    expect(lstatSync(home.path('.codex/auth.json')).isSymbolicLink()).toBe(true);
  },
);

test('a login that was kept: that of a target, or of nobody', () => {
  const home = createHealthyHome();
  home.write('.local/state/codex-hotswap/orphans/one.json', forgeLogin('bob', 1));
  home.write('.local/state/codex-hotswap/orphans/two.json', forgeLogin('eve'));
  const told = home.ok(['doctor']);
  expect(told).toMatch(/one\.json is a login of the account of acc2 .* import .*one\.json$/m);
  expect(told).toMatch(/two\.json is a login of no account; .* --as NAME/);
});

test.each(['CODEX_ACCESS_TOKEN', 'CODEX_API_KEY'])('%s is an issue, its value no news', (name) => {
  const ran = createHealthyHome().run(['doctor'], { [name]: 'secret-value' });
  expect(ran.status).toBe(1);
  expect(ran.stdout).toMatch(new RegExp(`- ${name} is set; .*unset it`));
  expect(ran.stdout).not.toContain('secret-value');
});

test('--fix mends modes, the shim, the link, a killed session; says so; --json tells it', () => {
  const home = createHealthyHome();
  chmodSync(home.path('.codex-acc1'), 0o770);
  chmodSync(home.path('.codex-acc2/auth.json'), 0o644);
  chmodSync(home.path('.local/state/codex-hotswap'), 0o755);
  home.write(SHIM, '#!/bin/sh\n# codex-hotswap shim: of old\n', 0o755);
  rmSync(home.path('.codex/auth.json'));
  symlinkSync(home.path('.codex-acc2/auth.json'), home.path('.codex/auth.json'));
  const paths = resolvePaths({}, home.home);
  const slot = leaseSlot(paths, paths.sharedHome, { pid: 999_999_999, startTime: '1' });
  writeFileSync(`${slot.home}/auth.json`, forgeLogin('ann', 1_795_000_000));

  const found = home.run(['doctor']);
  expect(found.status).toBe(1);
  expect(found.stdout).toContain('left behind by a session that was killed');
  expect(found.stdout).toContain('codex-hotswap doctor --fix');
  const mended = home.run(['doctor', '--fix', '--json']);
  const report = JSON.parse(mended.stdout);
  expect(report).toMatchObject({ version: 1, ok: true });
  expect(mended.status).toBe(0);
  expect(report.fixed.length).toBeGreaterThanOrEqual(5);
  expect(report.findings.every(({ fixable }: { fixable: boolean }) => !fixable)).toBe(true);
  expect(home.mode('.codex-acc1')).toBe('700');
  expect(home.mode('.codex-acc2/auth.json')).toBe('600');
  // The newer login that Codex had written into the overlay is not lost.
  expect(home.read('.codex-acc1/auth.json')).toBe(forgeLogin('ann', 1_795_000_000));
  expect(readlinkSync(`${slot.home}/auth.json`)).toBe(home.path('.codex/auth.json'));
  expect(home.read('.codex/auth.json')).toBe(home.read('.codex-acc1/auth.json'));
  expect(home.ok(['doctor', '--fix'])).not.toContain('fixed');
});

function writeMark(home: ReturnType<typeof createHome>, mark: object): void {
  const state = { version: 1, target: 'acc1', marks: [mark] };
  home.write('.local/state/codex-hotswap/accounts/acc1.json', JSON.stringify(state));
}

test('not set up, and switched off', () => {
  const home = createHome();
  const ran = home.run(['doctor']);
  expect(ran.status).toBe(1);
  expect(ran.stdout).toContain('codex-hotswap setup');
  const healthy = createHealthyHome();
  healthy.ok(['disable']);
  expect(healthy.ok(['doctor'])).toContain('switched off');
});

test('a codex of the official installer: doctor says what a session does not know', () => {
  const home = createHome();
  home.ok(['setup', '--install-shim']);
  const says = /note +this codex is from Codex’s own installer, .*; to update: codex update$/m;
  expect(home.run(['doctor']).stdout).not.toMatch(says);
  const release = home.path('.codex/packages/standalone/releases/1');
  home.write('.codex/packages/standalone/releases/1/bin/codex', home.read('programs/codex'), 0o755);
  symlinkSync(release, home.path('.codex/packages/standalone/current'));
  mkdirSync(home.path('.local/bin'));
  symlinkSync(
    home.path('.codex/packages/standalone/current/bin/codex'),
    home.path('.local/bin/codex'),
  );
  expect(home.run(['doctor']).stdout).toMatch(says);
});
