import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accountFile,
  readAccountState,
  writeAccountState,
} from '../../../src/accounts/account-state.ts';
import { readCurrent } from '../../../src/accounts/current.ts';
import { readLogin } from '../../../src/accounts/login.ts';
import { readUsage } from '../../../src/accounts/usage.ts';
import { describeEvent } from '../../../src/cli/look/event-text.ts';
import { readEvent } from '../../../src/cli/look/read-event.ts';
import { reportTarget } from '../../../src/cli/look/target-report.ts';
import { readAccountReply, readLimitsReply } from '../../../src/codex/account-reply.ts';
import {
  MAX_WAIT_SECONDS,
  readEpochSeconds,
  readPercent,
  readResetTime,
  readTimestamp,
  readWindowMinutes,
} from '../../../src/codex/bounds.ts';
import { readCapabilities } from '../../../src/codex/capabilities.ts';
import { proveLimit } from '../../../src/codex/limit-proof.ts';
import { parseRolloutLine } from '../../../src/codex/rollout.ts';
import { HotswapError } from '../../../src/errors.ts';
import { markOf } from '../../../src/handoff/mark-of-limit.ts';
import { readLaunches, writeLaunch } from '../../../src/registry/launch-record.ts';
import { validateConfig } from '../../../src/state/config.ts';
import { ensurePrivateDir } from '../../../src/state/files.ts';
import { makeScratchHome } from '../state/scratch-home.ts';

const NOW = 1_795_000_000;
const number = fc.oneof(
  fc.double(),
  fc.constantFrom(
    1e308,
    -1,
    -1e308,
    1e9,
    8.64e12,
    9e12,
    1_799_000_000_000,
    Infinity,
    -Infinity,
    NaN,
  ),
);
const anything = fc.oneof(
  number,
  fc.jsonValue(),
  fc.constantFrom(
    null,
    '',
    'NaN',
    '9999999-01-01T00:00:00Z',
    '+275760-09-13T00:00:00Z',
    'y'.repeat(10_000),
  ),
);
/** An object with these keys, each with any value, or left out. */
const withKeys = (...keys: string[]) =>
  fc.record(Object.fromEntries(keys.map((key) => [key, anything])), { requiredKeys: [] });
const mostly = (whole: unknown) => fc.oneof({ weight: 9, arbitrary: fc.constant(whole) }, anything);
const holds = (value: number | undefined, least: number, most: number) =>
  value === undefined || (value >= least && value <= most);

describe('bounds', () => {
  test.each([
    [1e9, 100],
    [Number.POSITIVE_INFINITY, 100],
    [-3, 0],
    [47.5, 47.5],
    [Number.NaN, undefined],
    ['50', undefined],
    [null, undefined],
  ])('a percentage of %s is %s', (value, read) => {
    expect(readPercent(value)).toBe(read);
  });

  test.each([
    ['seconds', NOW + 60, NOW + 60],
    ['milliseconds', (NOW + 60) * 1000 + 7, NOW + 60],
    ['a time that has passed', NOW - 60, NOW - 60],
    ['longer than any window', NOW + MAX_WAIT_SECONDS + 1, undefined],
    ['microseconds', NOW * 1e6, undefined],
    ['no time', 1e308, undefined],
    ['before 1970', -1, undefined],
    ['a text', String(NOW), undefined],
  ])('a reset in %s', (_, value, read) => {
    expect(readResetTime(value, NOW)).toBe(read);
  });

  test('whatever they are given, they throw nothing and stay within bounds', () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(holds(readPercent(value), 0, 100)).toBe(true);
        expect(holds(readEpochSeconds(value), 0, 1e11)).toBe(true);
        expect(holds(readResetTime(value, NOW), 0, NOW + MAX_WAIT_SECONDS)).toBe(true);
        expect(holds(readWindowMinutes(value), 1, MAX_WAIT_SECONDS / 60)).toBe(true);
        expect(holds(readTimestamp(value), 0, 1e14)).toBe(true);
      }),
    );
  });
});

const isWindow = ({
  usedPercent,
  minutes,
  resetsAt,
}: {
  usedPercent: number;
  minutes?: number;
  resetsAt?: number;
}) =>
  holds(usedPercent, 0, 100) &&
  holds(minutes, 1, MAX_WAIT_SECONDS / 60) &&
  holds(resetsAt, 0, 1.1e11);

describe('what others wrote, read', () => {
  const window = withKeys('usedPercent', 'windowDurationMins', 'resetsAt');

  test('the answers of an app-server', () => {
    const limits = fc.record({
      primary: window,
      secondary: window,
      planType: anything,
      rateLimitReachedType: anything,
    });
    const result = fc.oneof(anything, fc.record({ rateLimits: fc.oneof(limits, anything) }));
    fc.assert(
      fc.property(result, (value) => {
        const told = readLimitsReply({ ok: true, result: value }, NOW);
        expect(told?.windows.every(isWindow) ?? true).toBe(true);
        expect((told?.plan ?? '').length).toBeLessThanOrEqual(200);
      }),
    );
    fc.assert(
      fc.property(withKeys('email', 'planType'), (account) => {
        const told = readAccountReply({ ok: true, result: { account } });
        expect((told?.email ?? '').length).toBeLessThanOrEqual(320);
      }),
    );
  });

  test('a line of a rollout, and what it proves', () => {
    const limits = fc.record({
      primary: withKeys('used_percent', 'window_minutes', 'resets_at'),
      secondary: withKeys('used_percent', 'window_minutes', 'resets_at'),
      ...{ limit_name: anything, limit_id: anything, rate_limit_reached_type: anything },
    });
    const line = fc.record({
      timestamp: fc.oneof(fc.constant('2026-11-20T10:00:00Z'), anything),
      limits: fc.oneof(limits, anything),
      completed_at: anything,
      error: fc.oneof(anything, withKeys('message', 'codex_error_info')),
    });
    fc.assert(
      fc.property(line, ({ timestamp, limits: rate_limits, completed_at, error }) => {
        const write = (payload: object) =>
          JSON.stringify({ timestamp, type: 'event_msg', payload });
        const counted = parseRolloutLine(write({ type: 'token_count', rate_limits }));
        const ended = parseRolloutLine(write({ type: 'task_complete', completed_at, error }));
        const full = parseRolloutLine(
          write({
            type: 'task_complete',
            error: {
              codex_error_info: 'usage_limit_exceeded',
              message: 'try again at Sep 19, 9999 2:20 PM',
            },
          }),
        );
        if (counted?.type === 'token_count')
          expect(counted.limits?.windows.every(isWindow) ?? true).toBe(true);
        if (ended?.type === 'task_complete') expect(holds(ended.completedAt, 0, 1e11)).toBe(true);
        const facts = [counted, full].filter((fact) => fact !== undefined);
        const proof = proveLimit({ facts, startedAtMs: 0, seenTurnIds: new Set(), sawText: false });
        const config = { cooldownMinutes: 240 };
        if (proof === undefined) return;
        const mark = markOf(proof, { nowSeconds: NOW, workspace: undefined, config });
        // The account rests: an end that has passed, or that nobody can wait for, is none.
        expect(mark.until).toBeGreaterThan(NOW - 601);
        expect(mark.until).toBeLessThan(1.1e11);
      }),
    );
  });

  test('an auth.json', () => {
    fc.assert(
      fc.property(withKeys('exp', 'iat', 'email'), anything, (claims, last_refresh) => {
        const auth = {
          chatgpt_user_id: 'u',
          chatgpt_account_id: 'a',
          chatgpt_plan_type: claims.email,
        };
        const payload = { ...claims, 'https://api.openai.com/auth': auth };
        const token = `x.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.x`;
        const tokens = { access_token: token, id_token: token, refresh_token: 'r' };
        const read = readLogin(JSON.stringify({ auth_mode: 'chatgpt', tokens, last_refresh }));
        if (read.kind === 'broken') return;
        const { issuedAt, expiresAt, identity } = read.login;
        expect(holds(issuedAt, 0, 1e11) && holds(expiresAt, 0, 1e11)).toBe(true);
        expect((identity.email ?? '').length).toBeLessThanOrEqual(320);
      }),
    );
    fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (text) => void readLogin(text)));
  });

  test('the state of an account, and what status makes of it', () => {
    const paths = makeScratchHome();
    writeAccountState(paths, { version: 1, target: 'a', marks: [] });
    const mark = withKeys('kind', 'until', 'at', 'limitName', 'workspace', 'message');
    const state = fc.record({
      version: fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, anything),
      marks: fc.oneof(
        fc.array(
          fc.record({
            kind: fc.constantFrom('window-5h', 'new'),
            until: number,
            at: number,
            limitName: anything,
          }),
        ),
        fc.array(mark),
        anything,
      ),
      identity: fc.oneof(
        anything,
        fc.record({ userId: fc.string(), accountId: fc.string(), email: anything }),
      ),
      usage: fc.oneof(
        anything,
        fc.record({
          source: fc.constant('live'),
          capturedAt: number,
          windows: fc.array(withKeys('minutes', 'usedPercent', 'resetsAt')),
        }),
      ),
    });
    const now = new Date(NOW * 1000);
    const target = { name: 'a', vault: '/v', enabled: true };
    fc.assert(
      fc.property(state, (value) => {
        writeFileSync(accountFile(paths, 'a'), JSON.stringify(value));
        const { state: read } = readAccountState(paths, 'a');
        for (const { until, at } of read.marks) {
          expect(holds(until ?? 0, 0, 1.1e11)).toBe(true);
          expect(holds(at, 0, 1e11)).toBe(true);
        }
        expect(readUsage(read.usage)?.windows.every(isWindow) ?? true).toBe(true);
        reportTarget({ target, vault: { kind: 'empty' }, state: read }, 'a', now);
      }),
      { numRuns: 300 },
    );
  });

  test('the record of a launch', () => {
    const paths = makeScratchHome();
    ensurePrivateDir(paths.sessionsDir);
    const time = '2026-11-20T10:00:00Z';
    const segment = fc.record({
      ...{ target: mostly('acc1'), from: mostly(time), to: anything },
      ...{ thread: anything, rollout: anything, identity: anything, lastTokenCountAt: anything },
    });
    const record = fc.record({
      ...{ version: mostly(1), launch: mostly('20261120T100000000Z-1'), state: mostly('bound') },
      ...{ mode: mostly('exec'), pid: mostly(1), cwd: mostly('/'), startedAt: mostly(time) },
      segments: fc.oneof({ weight: 5, arbitrary: fc.array(segment, { maxLength: 3 }) }, anything),
      ...{ args: anything, thread: anything, rollout: anything, endedAt: anything },
    });
    const file = `${paths.sessionsDir}/20261120T100000000Z-1.json`;
    fc.assert(
      fc.property(record, (value) => {
        writeFileSync(file, JSON.stringify(value));
        const [launch] = readLaunches(paths).launches;
        if (launch === undefined) return;
        expect(readTimestamp(launch.startedAt)).toBeDefined();
        for (const { from, to } of launch.segments) {
          expect(readTimestamp(from)).toBeDefined();
          expect(to === undefined || readTimestamp(to) !== undefined).toBe(true);
        }
        // What was read can be written, and is read the same.
        writeLaunch(paths, launch);
        expect(readLaunches(paths).launches.at(-1)).toEqual(launch);
      }),
    );
  });

  test('which target is current, what a binary can do, and a line of the log', () => {
    const paths = makeScratchHome();
    ensurePrivateDir(paths.stateDir);
    const types = fc.constantFrom(
      'launch',
      'confirmed',
      'rotated',
      'exhausted',
      'waited',
      'refreshed',
      'toString',
      '__proto__',
      'new',
    );
    const fields = withKeys(
      'target',
      'slot',
      'until',
      'earliest',
      'left',
      'kind',
      'from',
      'to',
      'outcome',
      'milliseconds',
      'mode',
      'at',
    );
    fc.assert(
      fc.property(anything, types, fields, (value, type, event) => {
        writeFileSync(paths.currentFile, JSON.stringify(value) ?? '');
        readCurrent(paths);
        readCapabilities(value);
        const read = readEvent(JSON.stringify({ type, ...event }));
        if (read !== undefined)
          expect(describeEvent(read, new Date())).not.toMatch(/Invalid Date|NaN:NaN/);
        expect(readEvent(JSON.stringify(value) ?? '')?.kind ?? 'other').toBe('other');
      }),
    );
  });

  test('the configuration: one line, whatever is wrong with it', () => {
    const paths = makeScratchHome();
    const config = fc.record({
      version: fc.oneof(fc.constant(1), anything),
      targets: fc.oneof(anything, fc.array(withKeys('name', 'vault', 'enabled', 'threshold'))),
      ...{ prompt: anything, cooldownMinutes: anything, strategy: anything, bell: anything },
    });
    fc.assert(
      fc.property(fc.oneof(config, anything), (value) => {
        try {
          validateConfig(value, paths);
        } catch (error) {
          expect(error).toBeInstanceOf(HotswapError);
          expect((error as HotswapError).message.length).toBeLessThan(500);
        }
      }),
    );
  });
});
