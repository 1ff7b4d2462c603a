import { chmodSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createHome, forgeLogin } from './sandbox.ts';

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
    (home) => home.write('.local/bin/codex', '#!/bin/sh\n# codex-hotswap shim: x\n', 0o755),
    /of another installation/,
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
    'bad configuration',
    (home) => home.write('.config/codex-hotswap/config.json', '{}'),
    /config\.json: version must be 1/,
  ],
];

test.each(FAULTS)('%s is found, with the way out', (_what, breakIt, message) => {
  const home = createHealthyHome();
  breakIt(home);
  const ran = home.run(['doctor']);
  expect(ran.status).toBe(1);
  const [, list = ''] = ran.stdout.split('\ndoctor status: issues found\n');
  expect(list).toMatch(message);
});

test('not set up, and switched off', () => {
  const home = createHome();
  const ran = home.run(['doctor']);
  expect(ran.status).toBe(1);
  expect(ran.stdout).toContain('codex-hotswap setup');
  const healthy = createHealthyHome();
  healthy.ok(['disable']);
  expect(healthy.ok(['doctor'])).toContain('switched off');
});
