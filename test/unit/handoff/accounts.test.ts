import { existsSync, mkdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readAccountState } from '../../../src/accounts/account-state.ts';
import { recordRefusal, recordUsage } from '../../../src/accounts/record-facts.ts';
import { HotswapError } from '../../../src/errors.ts';
import type {
  AccountConstraints,
  SessionAllowance,
} from '../../../src/handoff/account-constraints.ts';
import { openHandoffAccounts } from '../../../src/handoff/accounts.ts';
import { leaseSlot } from '../../../src/overlay/lease.ts';
import { pointAuth } from '../../../src/overlay/point-auth.ts';
import { validateConfig } from '../../../src/state/config.ts';
import { ownIdentity } from '../../../src/state/process-identity.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

const NOW = 1_800_000_000;
const NAMES = ['acc1', 'acc2', 'acc3'];
const FROM = { thread: 'thread', rollout: '/rollout.jsonl' };
const used = (usedPercent: number) => ({
  windows: [
    { usedPercent, minutes: 300, resetsAt: NOW + 3600 },
    { usedPercent: 20, minutes: 10_080, resetsAt: NOW + 86_400 },
  ],
});

type Verdict = 'ready' | 'needs-login';

/** The accounts of a session under acc1, with three accounts. */
function open(
  options: {
    pinned?: boolean;
    settings?: object;
    doubted?: Verdict;
    keepsHome?: boolean;
    allowance?: SessionAllowance;
    /** What Codex's configuration says by now. */
    readConstraints?: () => Promise<AccountConstraints>;
  } = {},
) {
  const paths = makeScratchHome();
  for (const name of NAMES) {
    const vault = `${paths.home}/.codex-${name}`;
    mkdirSync(vault, { mode: 0o700 });
    const auth = forgeAuth({ user: `user-${name}`, account: `account-${name}` });
    writeFileSync(`${vault}/auth.json`, auth, { mode: 0o600 });
  }
  const targets = NAMES.map((name) => ({ name }));
  const config = validateConfig({ version: 1, targets, ...options.settings }, paths);
  const slot = leaseSlot(paths, paths.sharedHome, ownIdentity());
  const asked: string[] = [];
  const accounts = openHandoffAccounts({
    paths,
    config,
    slot,
    target: 'acc1',
    pinned: options.pinned ?? false,
    ...(options.allowance === undefined ? {} : { allowance: options.allowance }),
    ...(options.keepsHome === undefined ? {} : { keepsHome: options.keepsHome }),
    ...(options.readConstraints === undefined ? {} : { readConstraints: options.readConstraints }),
    tokens: {
      prepare: () => Promise.resolve('ready'),
      async verifyLogin(name) {
        asked.push(name);
        return options.doubted ?? 'ready';
      },
    },
    now: () => NOW * 1000,
  });
  return { paths, accounts, slot, asked };
}

describe('reconsidering, when everybody is at a limit', () => {
  const mark = (until: number) => ({ kind: 'window-5h' as const, at: NOW - 10, until });

  test('the first to come back is named, the account that ran among them', () => {
    const { paths, accounts } = open();
    for (const [index, name] of NAMES.entries())
      recordRefusal(paths, name, mark(NOW + 100 + index));
    expect(accounts.chooseAgain()).toEqual({
      kind: 'none',
      earliest: { target: 'acc1', until: NOW + 100 },
    });
  });

  test('the account that ran may go on when its mark has lapsed', () => {
    const { paths, accounts } = open();
    recordRefusal(paths, 'acc1', mark(NOW - 1));
    for (const name of ['acc2', 'acc3']) recordRefusal(paths, name, mark(NOW + 100));
    expect(accounts.chooseAgain()).toEqual({ kind: 'chosen', target: 'acc1' });
  });

  test('a pinned session waits for its own account only', async () => {
    const { paths, accounts } = open({ pinned: true });
    const verdict = await accounts.markAndChoose({
      kind: 'window-5h',
      until: NOW + 500,
      turnId: 'turn',
    });
    const earliest = { target: 'acc1', until: NOW + 500 };
    expect(verdict).toMatchObject({ kind: 'none', pinned: true, earliest });
    recordRefusal(paths, 'acc2', mark(NOW + 100));
    expect(accounts.chooseAgain()).toEqual({ kind: 'none', earliest });
  });
});

describe('a child that asks for a login', () => {
  const shown = (options: Parameters<typeof open>[0] = {}) => {
    const opened = open(options);
    pointAuth(opened.slot, `${opened.paths.home}/.codex-acc1/auth.json`);
    return opened;
  };

  test.each<[Verdict, boolean]>([
    ['needs-login', true],
    ['ready', false],
  ])('the account itself is asked: %s', async (doubted, isGone) => {
    const { accounts, asked } = shown({ doubted });
    expect(await accounts.isLoginGone()).toBe(isGone);
    expect(asked).toEqual(['acc1']);
  });

  test('nobody is asked when what the link leads to is gone', async () => {
    const emptied = shown();
    rmSync(`${emptied.paths.home}/.codex-acc1/auth.json`);
    expect(await emptied.accounts.isLoginGone()).toBe(true);
    expect(emptied.asked).toEqual([]);
  });

  test.each<[Verdict, boolean]>([
    ['needs-login', true],
    ['ready', false],
  ])('a link that is gone proves nothing: %s', async (doubted, isGone) => {
    const { accounts, asked } = open({ doubted });
    expect(accounts.hasLostLink()).toBe(true);
    expect(await accounts.isLoginGone()).toBe(isGone);
    expect(asked).toEqual(['acc1']);
  });

  test('the screen is left to the user when no other account could go on', async () => {
    const pinned = open({ pinned: true });
    const alone = open();
    for (const name of ['acc2', 'acc3']) {
      recordRefusal(alone.paths, name, { kind: 'window-5h', at: NOW, until: NOW + 100 });
    }
    for (const { accounts, asked } of [pinned, alone]) {
      expect(await accounts.isLoginGone()).toBe(false);
      expect(asked).toEqual([]);
    }
  });
});

describe('moving on before the limit', () => {
  const settings = { rotateBelow: 10 };

  test('the next account with enough left; what is left of this one is on record', () => {
    const { paths, accounts } = open({ settings });
    recordUsage(paths, 'acc2', { source: 'live', capturedAt: NOW, ...used(95) });
    expect(accounts.findRoomier(used(97), FROM)).toEqual({
      target: 'acc3',
      room: { left: 3, minutes: 300 },
    });
    expect(readAccountState(paths, 'acc1').state.usage).toMatchObject({
      source: 'session',
      ...FROM,
      ...used(97),
    });
  });

  test.each([
    ['enough is left', 90, { settings }],
    ['it is switched off', 99, {}],
    ['the session is pinned', 99, { settings, pinned: true }],
  ])('not when %s', (_, percent, options) => {
    expect(open(options).accounts.findRoomier(used(percent), FROM)).toBeUndefined();
  });

  test('not when nobody has more', () => {
    const { paths, accounts } = open({ settings });
    for (const name of ['acc2', 'acc3']) {
      recordUsage(paths, name, { source: 'live', capturedAt: NOW, ...used(91) });
    }
    expect(accounts.findRoomier(used(99), FROM)).toBeUndefined();
  });
});

describe('a file that makes Codex log accounts out has come since the session began', () => {
  const line = '/repo/.codex/config.toml sets forced_login_method, so acc2 is left out';
  const leavesOut = (...names: string[]) => ({
    readConstraints: async () => ({ disallowed: new Set(names), line }),
  });
  const nobody = {
    readConstraints: () =>
      Promise.reject(new HotswapError('forced-login', 'logs all out', 'correct it')),
  };
  const LIMIT = { kind: 'window-5h', until: NOW + 500, turnId: 'turn' } as const;
  const openReviewed = async (options: Parameters<typeof open>[0]) => {
    const opened = open(options);
    await opened.accounts.rereadConstraints();
    return opened.accounts;
  };

  test('the accounts that do not fit are passed over', async () => {
    const accounts = await openReviewed(leavesOut('acc2'));
    expect(await accounts.markAndChoose(LIMIT)).toMatchObject({ kind: 'chosen', target: 'acc3' });
    expect(accounts.chooseAgain()).toEqual({ kind: 'chosen', target: 'acc3' });
    expect(await accounts.prepare('acc2')).toBe('acc3');
  });

  test('none that fits is left: the session stays, and the verdict says why', async () => {
    const accounts = await openReviewed(leavesOut('acc2', 'acc3'));
    expect(await accounts.markAndChoose(LIMIT)).toMatchObject({ kind: 'none', forbiddenBy: line });
    await expect(accounts.prepare('acc2')).rejects.toMatchObject({ code: 'forced-login' });
  });

  test('none fits at all, be the session pinned or not', async () => {
    for (const pinned of [false, true]) {
      const accounts = await openReviewed({ ...nobody, pinned });
      await expect(accounts.assertAllowed()).rejects.toThrow('logs all out');
      await expect(accounts.prepare('acc1')).rejects.toThrow('logs all out');
      const verdict = await accounts.markAndChoose(LIMIT);
      expect(verdict).toMatchObject({ kind: 'none' });
      expect('forbiddenBy' in verdict).toBe(!pinned);
    }
  });

  test('a limit that leaves nobody has nothing to do with it', async () => {
    const { accounts, paths } = open(leavesOut('acc2'));
    await accounts.rereadConstraints();
    for (const name of ['acc2', 'acc3']) {
      recordRefusal(paths, name, { kind: 'window-5h', at: NOW, until: NOW + 100 });
    }
    expect(await accounts.markAndChoose(LIMIT)).not.toHaveProperty('forbiddenBy');
  });

  test('it is asked again before each child, and gone again it bars nobody', async () => {
    let disallowed = new Set(['acc2']);
    const { accounts } = open({ readConstraints: async () => ({ disallowed, line }) });
    expect(await accounts.prepare('acc2')).not.toBe('acc2');
    disallowed = new Set();
    expect(await accounts.prepare('acc2')).toBe('acc2');
    disallowed = new Set(['acc1']);
    await expect(accounts.assertAllowed()).rejects.toMatchObject({ code: 'forced-login' });
  });

  test('a fault of reading it bars nobody: Codex says itself what is wrong', async () => {
    const accounts = await openReviewed({
      readConstraints: () => Promise.reject(new Error('a fault')),
    });
    expect(await accounts.prepare('acc2')).toBe('acc2');
  });

  test('an early move passes them over, too', async () => {
    const accounts = await openReviewed({ ...leavesOut('acc2'), settings: { rotateBelow: 50 } });
    const moved = accounts.findRoomier(used(60), FROM);
    expect(moved?.target).toBe('acc3');
  });
});

describe('a rule by directory', () => {
  const LIMIT = { kind: 'window-5h', until: NOW + 500, turnId: 'turn' } as const;
  const rule = (path: string, ...targets: string[]) => ({ targets, by: [`the rule for ${path}`] });
  const none = () => undefined;

  test('is never left, and its order counts', async () => {
    const own = rule('~/a', 'acc3', 'acc1');
    const { accounts } = open({ allowance: { own, ofDirectory: none } });
    expect(await accounts.markAndChoose(LIMIT)).toMatchObject({ kind: 'chosen', target: 'acc3' });
    expect(await accounts.prepare('acc2')).toBe('acc3');
    accounts.repoint('acc3');
    expect(accounts.rule()).toBe('rule for ~/a');
    expect(await accounts.markAndChoose(LIMIT)).toMatchObject({
      ...{ kind: 'none', allowedBy: 'the rule for ~/a allows' },
      reasons: [{ target: 'acc1' }, { target: 'acc3' }],
    });
  });

  test('changes nothing for sessions elsewhere: neither the current account nor the home', () => {
    const own = rule('~/a', 'acc1', 'acc2');
    const { accounts, paths } = open({ allowance: { own, ofDirectory: none } });
    accounts.repoint('acc2');
    expect(existsSync(paths.currentFile)).toBe(false);
    expect(existsSync(`${paths.sharedHome}/auth.json`)).toBe(false);
  });

  test.each<[string, SessionAllowance['own'], string[], object]>([
    ['holds where the session has none', undefined, ['acc3'], { kind: 'chosen', target: 'acc3' }],
    [
      'narrows that of the session',
      rule('~/a', 'acc1', 'acc2', 'acc3'),
      ['acc3'],
      { target: 'acc3' },
    ],
    [
      'may leave nothing in common',
      rule('~/a', 'acc1', 'acc2'),
      ['acc3'],
      {
        kind: 'none',
        forbiddenBy: 'the rule for ~/a and the rule for /thread allow no account in common',
      },
    ],
  ])('that of the directory of the thread %s', async (_, own, targets, expected) => {
    const ofDirectory = (path: string) => (path === '/thread' ? rule(path, ...targets) : undefined);
    const { accounts } = open({ allowance: { own, ofDirectory } });
    await accounts.rereadConstraints('/thread');
    expect(await accounts.markAndChoose(LIMIT)).toMatchObject(expected);
    await accounts.rereadConstraints('/elsewhere');
    expect(accounts.chooseAgain()).toMatchObject({ kind: 'chosen', target: 'acc2' });
  });

  test('forbids an account that was chosen without it: the session stays, and no account is called logged out', async () => {
    const own = rule('~/a', 'acc1');
    const { accounts } = open({ allowance: { own, ofDirectory: none } });
    await accounts.markAndChoose(LIMIT);
    await expect(accounts.prepare('acc2')).rejects.toMatchObject({
      ...{ code: 'not-allowed', message: 'the rule for ~/a allows only acc1' },
    });
    await expect(accounts.assertAllowed()).resolves.toBeUndefined();
  });

  test('holds for a move before the limit', async () => {
    const settings = { rotateBelow: 50 };
    const own = rule('~/a', 'acc1', 'acc3');
    const two = open({ settings, allowance: { own, ofDirectory: none } });
    expect(two.accounts.findRoomier(used(60), FROM)?.target).toBe('acc3');
    const one = open({ settings, allowance: { own: rule('~/a', 'acc1'), ofDirectory: none } });
    expect(one.accounts.findRoomier(used(60), FROM)).toBeUndefined();
  });
});

describe('the home of a session that moves on', () => {
  test.each([
    [false, true],
    [true, false],
  ])('kept as it is (%s): linked to the next account’s vault (%s)', (keepsHome, isLinked) => {
    const { paths, accounts } = open({ keepsHome });
    accounts.repoint('acc2');
    expect(existsSync(`${paths.sharedHome}/auth.json`)).toBe(isLinked);
  });
});

describe('on a disk that takes nothing', () => {
  const proof = { kind: 'window-5h' as const, until: NOW + 500, turnId: 'turn' };

  /** Nothing can be made in there any more. */
  function fill(dir: string): void {
    rmSync(dir, { recursive: true, force: true });
    writeFileSync(dir, '');
  }

  test('the limit counts all the same: the handoff goes on, and does not come back', async () => {
    const { paths, accounts } = open();
    fill(paths.accountsDir);
    expect(await accounts.markAndChoose(proof)).toMatchObject({ kind: 'chosen', target: 'acc2' });
    accounts.repoint('acc2');
    expect(await accounts.markAndChoose(proof)).toMatchObject({ kind: 'chosen', target: 'acc3' });
    accounts.repoint('acc3');
    expect(await accounts.markAndChoose(proof)).toMatchObject({
      kind: 'none',
      earliest: { until: NOW + 500 },
    });
    // Until there is room again: then they are on record.
    rmSync(paths.accountsDir);
    await accounts.markAndChoose({ ...proof, until: NOW + 900 });
    for (const name of NAMES) expect(readAccountState(paths, name).state.marks).toHaveLength(1);
  });

  test('what is left of an account counts as well', () => {
    const { paths, accounts } = open({ settings: { rotateBelow: 10 } });
    fill(paths.accountsDir);
    expect(accounts.findRoomier(used(95), FROM)).toMatchObject({ target: 'acc2' });
    accounts.repoint('acc2');
    expect(accounts.findRoomier(used(95), FROM)).toMatchObject({ target: 'acc3' });
  });

  test('the account changes though it cannot be noted which is current', () => {
    const { paths, accounts, slot } = open();
    fill(paths.currentFile);
    rmSync(paths.currentFile);
    mkdirSync(paths.currentFile);
    accounts.repoint('acc2');
    expect(accounts.target).toBe('acc2');
    expect(readlinkSync(`${slot.home}/auth.json`)).toBe(`${paths.home}/.codex-acc2/auth.json`);
  });
});

test('an account without a mark, of which the service says that nothing is left, is waited for', () => {
  const { paths, accounts } = open({ settings: { targets: [{ name: 'acc1' }] } });
  const { windows } = used(100);
  recordUsage(paths, 'acc1', { source: 'live', capturedAt: NOW, windows });
  expect(accounts.chooseAgain()).toEqual({ kind: 'chosen', target: 'acc1' });
  const until = NOW + 3600;
  expect(accounts.chooseAgain(new Map([['acc1', until]]))).toEqual({
    kind: 'none',
    earliest: { target: 'acc1', until },
  });
  expect(accounts.chooseAgain(new Map([['acc1', NOW]]))).toMatchObject({ kind: 'chosen' });
});

test('a refusal without a full window rests the configured time, also where 0.1.0 has written days', () => {
  const { paths, accounts } = open({
    settings: { targets: [{ name: 'acc1' }], cooldownMinutes: 20 },
  });
  const mark = { kind: 'unknown' as const, until: NOW + 6 * 86_400 };
  recordRefusal(paths, 'acc1', { ...mark, at: NOW - 600 });
  expect(accounts.chooseAgain()).toEqual({
    kind: 'none',
    earliest: { target: 'acc1', until: NOW + 600 },
  });
});
