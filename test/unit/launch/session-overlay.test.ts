import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readAccountState } from '../../../src/accounts/account-state.ts';
import { recordRefusal } from '../../../src/accounts/record-facts.ts';
import { openHandoffAccounts } from '../../../src/handoff/accounts.ts';
import { closeSessionOverlay } from '../../../src/launch/close-overlay.ts';
import { openSessionOverlay } from '../../../src/launch/session-overlay.ts';
import { releaseSlot } from '../../../src/overlay/lease.ts';
import { launchName, writeLaunch } from '../../../src/registry/launch-record.ts';
import { validateConfig } from '../../../src/state/config.ts';
import { leaseText } from '../../../src/state/lease-record.ts';
import { ownPlace } from '../../../src/state/machine-place.ts';
import { processTable } from '../../../src/state/process-identity.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

/** After the logins were issued: a later login heals a mark. */
const NOW = new Date(1_800_003_600_000);
const DEAD = { pid: 999_999_999, startTime: '1' };

/** A session under acc1, of two accounts. */
function open() {
  const paths = makeScratchHome();
  for (const name of ['acc1', 'acc2']) {
    mkdirSync(`${paths.home}/.codex-${name}`, { mode: 0o700 });
    writeFileSync(`${paths.home}/.codex-${name}/auth.json`, login(name), { mode: 0o600 });
  }
  const targets = ['acc1', 'acc2'].map((name) => ({ name }));
  const config = validateConfig({ version: 1, targets }, paths);
  const { slot } = openSessionOverlay(paths, config, NOW);
  const auth = join(slot.home, 'auth.json');
  const lease = join(slot.side, `lease.${slot.leaseNumber}`);
  const marks = () => readAccountState(paths, 'acc1').state.marks;
  return { paths, config, slot, auth, lease, marks };
}

const login = (name: string, issuedAt?: number) =>
  forgeAuth({
    user: `user-${name}`,
    account: `account-${name}`,
    ...(issuedAt === undefined ? {} : { issuedAt }),
  });

/** The session was killed: its record was never ended, and its lease not given back. */
function kill({ paths, lease }: ReturnType<typeof open>): void {
  writeLaunch(paths, {
    version: 1,
    launch: launchName(NOW, DEAD.pid),
    state: 'bound',
    ...DEAD,
    ...{ processes: processTable(), place: ownPlace(), cwd: '/', mode: 'interactive' },
    startedAt: NOW.toISOString(),
    segments: [{ target: 'acc1', from: NOW.toISOString() }],
  });
  writeFileSync(lease, leaseText([DEAD]));
}

test('a current account whose login cannot be used is passed over with a line, one at its limit without', () => {
  const { paths, config, slot } = open();
  releaseSlot(slot);
  const until = NOW.getTime() / 1000 + 3600;
  recordRefusal(paths, 'acc1', { kind: 'window-5h', at: NOW.getTime() / 1000, until });
  const limited = openSessionOverlay(paths, config, NOW);
  expect([limited.target, limited.notices]).toEqual(['acc2', []]);
  chmodSync(`${paths.home}/.codex-acc1/auth.json`, 0o644);
  const spoilt = openSessionOverlay(paths, config, NOW);
  expect(spoilt.target).toBe('acc2');
  expect(spoilt.notices).toEqual([
    expect.stringMatching(/^acc1: .*can be read by other users.*; this session works under acc2$/),
  ]);
});

describe('a slot whose owner died', () => {
  test('after it had tidied up, and could not free its lease, says nothing about its account', () => {
    const session = open();
    const { paths, config, slot, marks } = session;
    releaseSlot(slot);
    kill(session);
    const next = openSessionOverlay(paths, config, NOW);
    expect(next.slot).toMatchObject({ number: 1, reclaimedFrom: { pid: DEAD.pid } });
    expect([next.target, next.notices, marks()]).toEqual(['acc1', [], []]);
  });

  test('without its link may have been logged out in: the service is to be asked, and nothing is marked', () => {
    const session = open();
    const { paths, config, auth, marks } = session;
    kill(session);
    rmSync(auth);
    const next = openSessionOverlay(paths, config, NOW);
    expect([next.target, next.suspect, marks()]).toEqual(['acc1', 'acc1', []]);
  });
});

describe('a session whose overlay was taken over while it was suspended', () => {
  test('concludes nothing from what is in it, brings nothing home and changes nothing', async () => {
    const { paths, config, slot, auth, lease, marks } = open();
    renameSync(lease, join(slot.side, `lease.${slot.leaseNumber + 1}`));
    rmSync(auth); // theirs was logged out
    writeFileSync(join(slot.home, 'theirs'), '');
    const lines = await closeSessionOverlay(paths, config, slot, 'acc1');
    expect(lines).toEqual([
      expect.stringContaining('another machine has taken over its directory (number 1)'),
    ]);
    expect(marks()).toEqual([]);
    expect(existsSync(join(paths.sharedHome, 'theirs'))).toBe(false);
    expect(existsSync(auth)).toBe(false);
  });

  test('hands over to nobody in it', async () => {
    const { paths, config, slot, auth, lease } = open();
    const desk = openHandoffAccounts({ paths, config, slot, target: 'acc1', now: Date.now });
    renameSync(lease, join(slot.side, `lease.${slot.leaseNumber + 1}`));
    expect(() => desk.repoint('acc2')).toThrow(/taken over/);
    expect(readlinkSync(auth)).toBe(`${paths.home}/.codex-acc1/auth.json`);
    rmSync(auth);
    expect(await desk.isLoginGone()).toBe(false);
  });
});

test('a login made in a shell that an earlier session left behind goes to its vault', async () => {
  const { paths, config, slot, auth } = open();
  await closeSessionOverlay(paths, config, slot, 'acc1');
  expect(readlinkSync(auth)).toBe(join(paths.sharedHome, 'auth.json'));
  // As Codex does it: the link goes, and a file comes.
  rmSync(auth);
  writeFileSync(auth, login('acc2', 1_800_000_500));
  const next = openSessionOverlay(paths, config, NOW);
  expect([next.slot.number, next.target]).toEqual([1, 'acc1']);
  expect(lstatSync(auth).isSymbolicLink()).toBe(true);
  expect(readFileSync(`${paths.home}/.codex-acc2/auth.json`, 'utf8')).toBe(
    login('acc2', 1_800_000_500),
  );
});
