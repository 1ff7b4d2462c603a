import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readAccountState } from '../../../src/accounts/account-state.ts';
import { closeSessionOverlay } from '../../../src/launch/close-overlay.ts';
import { createLogoutGuard, refuseAfterLogout } from '../../../src/launch/forced-logout.ts';
import { leaseSlot } from '../../../src/overlay/lease.ts';
import { hasLoginLink, pointAuth } from '../../../src/overlay/point-auth.ts';
import type { Slot } from '../../../src/overlay/slot.ts';
import { validateConfig } from '../../../src/state/config.ts';
import { claimLease } from '../../../src/state/directory-lease.ts';
import { leaseFile } from '../../../src/state/lease-files.ts';
import type { Place } from '../../../src/state/machine-place.ts';
import { ownIdentity } from '../../../src/state/process-identity.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

// Codex took the link to a login away as soon as it started, for a reason that we cannot read beforehand.

const NOW = new Date(1_800_000_000_000);
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);
const DIRECTORY = '/home/u/project';
const REFUSED = { kind: 'exited', code: 1 } as const;

function open() {
  const paths = makeScratchHome();
  const vault = join(paths.home, '.codex-acc1');
  mkdirSync(vault, { mode: 0o700 });
  writeFileSync(join(vault, 'auth.json'), forgeAuth(), { mode: 0o600 });
  const config = validateConfig({ version: 1, targets: [{ name: 'acc1' }] }, paths);
  const slot = leaseSlot(paths, paths.sharedHome, ownIdentity());
  pointAuth(slot, join(vault, 'auth.json'));
  const net = createLogoutGuard(paths, config, DIRECTORY, () => NOW);
  const logOut = () => rmSync(join(slot.home, 'auth.json'));
  return { paths, config, vault, slot, net, logOut };
}

/** To another machine a session that is suspended for long looks dead. */
function takeOver(slot: Slot): void {
  expect(claimLease(slot.side, ownIdentity(), { here: OTHER })).toBeUndefined();
  const silent = Date.now() / 1000 - 360;
  utimesSync(leaseFile(slot.side, slot.leaseNumber), silent, silent);
  expect(claimLease(slot.side, ownIdentity(), { here: OTHER })).toBeDefined();
}

const OTHER: Place = { machine: 'b'.repeat(32), name: 'b', boot: 'boot-b', pids: 'pid:[1]' };

describe('a child that logged its account out at once', () => {
  test('the link is put back, the account gets no mark, and a line says what happened', async () => {
    const { paths, config, slot, net, logOut } = open();
    net.recordChild();
    logOut();
    const line = net.catchLogout(slot, 'acc1', REFUSED);
    expect(line).toContain(`Codex logged acc1 out at its start in ${DIRECTORY}`);
    expect(line).toContain('codex-hotswap launch acc1');
    expect(hasLoginLink(slot)).toBe(true);
    expect(await closeSessionOverlay(paths, config, slot, 'acc1')).toEqual([]);
    expect(readAccountState(paths, 'acc1').state.marks).toEqual([]);
  });

  test('the next launch there is refused, for an hour; elsewhere it is not', () => {
    const { paths, slot, net, logOut } = open();
    net.recordChild();
    logOut();
    net.catchLogout(slot, 'acc1', REFUSED);
    const ask = (seconds: number, directory = DIRECTORY) =>
      refuseAfterLogout(paths, directory, later(seconds));
    expect(() => ask(0)).toThrow(/logged acc1 out at its start/);
    expect(() => ask(3599)).toThrow(/Codex would log out the next account, too/);
    expect(() => ask(3600)).not.toThrow();
    // A clock that was set back.
    expect(() => ask(-1)).not.toThrow();
    expect(() => ask(0, '/elsewhere')).not.toThrow();
  });

  test('a child that opens a thread there has corrected it', () => {
    const { paths, slot, net, logOut } = open();
    net.recordChild();
    logOut();
    net.catchLogout(slot, 'acc1', REFUSED);
    net.recordChild();
    net.recordThread();
    expect(() => refuseAfterLogout(paths, DIRECTORY, NOW)).not.toThrow();
  });
});

describe('is none', () => {
  test.each<[string, (opened: ReturnType<typeof open>) => unknown]>([
    ['a child that worked', ({ net, logOut }) => [net.recordThread(), logOut()]],
    ['no child at all', ({ logOut }) => logOut()],
    ['one that keeps its link', ({ net }) => net.recordChild()],
    [
      'one whose slot another session has taken over',
      ({ net, logOut, slot }) => [net.recordChild(), logOut(), takeOver(slot)],
    ],
    [
      'one whose vault is empty, too',
      ({ net, logOut, vault }) => [net.recordChild(), logOut(), rmSync(join(vault, 'auth.json'))],
    ],
  ])('%s', (_what, act) => {
    const opened = open();
    act(opened);
    expect(opened.net.catchLogout(opened.slot, 'acc1', REFUSED)).toBeUndefined();
    expect(() => refuseAfterLogout(opened.paths, DIRECTORY, NOW)).not.toThrow();
  });

  test.each([
    { kind: 'exited', code: 0 },
    { kind: 'exited', code: 130 },
    { kind: 'signalled', signal: 'SIGTERM', number: 15 },
  ] as const)('one that ended otherwise: %o', (ending) => {
    const { slot, net, logOut } = open();
    net.recordChild();
    logOut();
    expect(net.catchLogout(slot, 'acc1', ending)).toBeUndefined();
  });
});

test.each(['', '{', '[]', 'null', '{"directories":{"/home/u/project":null}}', '{"directories":3}'])(
  'a record that cannot be read refuses nobody: %j',
  (text) => {
    const { paths } = open();
    writeFileSync(join(paths.stateDir, 'forced-logouts.json'), text);
    expect(() => refuseAfterLogout(paths, DIRECTORY, NOW)).not.toThrow();
  },
);
