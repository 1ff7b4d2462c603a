import { appendFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { LimitProof } from '../../../../src/codex/limit-proof.ts';
import type { RateLimits } from '../../../../src/codex/rollout.ts';
import {
  hasLostPrompt,
  proveByAccount,
  proveExecLimit,
  readExecRecord,
} from '../../../../src/session/exec/exec-evidence.ts';
import { line, taskComplete, taskStarted } from '../../codex/rollout-lines.ts';
import {
  appendLines,
  limited,
  limitedBefore0145,
  limitedInCompaction,
  loggedOut,
  makeThread,
  prompt,
  refused,
  turn,
  turnContext,
} from './exec-thread.ts';

// What the record of an exec that has ended says: how its thread goes on, and whether its account is at a limit.

const nowSeconds = () => Math.floor(Date.now() / 1000);

/** A thread with these lines in its record, read as that of an ended exec. */
async function readRecord(...writes: ((at: string) => string[])[]) {
  const thread = makeThread();
  for (const write of writes) appendLines(thread.rollout, write);
  return readExecRecord({ threadId: thread.id, rollout: thread.rollout, cwd: '/first' });
}

describe('how the thread goes on', () => {
  const context = (payload: object) => () => [turnContext(payload)];

  it.each<[string, object[], object]>([
    ['nothing more, before its first turn', [], { cwd: '/first', onReserve: false }],
    [
      'where its last turn was, with its model and effort',
      [
        { model: 'gpt-5', effort: 'low', cwd: '/second' },
        { model: 'gpt-6', effort: 'high', cwd: '/third' },
      ],
      { cwd: '/third', model: 'gpt-6', effort: 'high', onReserve: false },
    ],
    [
      'with the model of before the reserve',
      [
        { model: 'gpt-6', effort: 'high', cwd: '/second' },
        { model: 'gpt-reserve', effort: 'low', cwd: '/second' },
      ],
      { cwd: '/second', model: 'gpt-6', effort: 'high', onReserve: true },
    ],
    [
      'on the reserve, when it was never elsewhere',
      [{ model: 'gpt-reserve' }],
      { cwd: '/first', model: 'gpt-reserve', onReserve: true },
    ],
  ])('%s', async (_, contexts, expected) => {
    const { thread } = await readRecord(...contexts.map(context));
    expect(thread).toEqual({ id: thread.id, rollout: thread.rollout, ...expected });
  });

  it('of a long one only the end is read', async () => {
    const thread = makeThread();
    appendLines(thread.rollout, context({ model: 'gpt-5', cwd: '/second' }));
    const big = line('response_item', {
      type: 'function_call_output',
      output: 'x'.repeat(2 ** 20),
    });
    appendFileSync(thread.rollout, `${big}\n`);
    appendLines(thread.rollout, limited('one'));
    const record = await readExecRecord({ threadId: thread.id, rollout: thread.rollout });
    expect(record.thread).toEqual({ ...thread, onReserve: false });
    expect(proveExecLimit(record.facts, 0, new Set())).toMatchObject({ turnId: 'one' });
  });

  it('is not known when its file is gone', async () => {
    const gone = readExecRecord({ threadId: 'gone', rollout: '/nowhere/rollout.jsonl' });
    await expect(gone).rejects.toThrow(/ENOENT/);
  });
});

describe('whether its account is at a limit', () => {
  const WINDOW = { kind: 'window-5h', until: 1_900_000_000, turnId: 'one' };
  const later = (at: string) => [taskStarted('two', at)];
  const answered = (at: string) => [
    ...limitedBefore0145('one')(at).slice(0, -1),
    taskComplete({ turn_id: 'one', last_agent_message: 'done' }, at),
  ];
  const withoutSnapshot = turn('one', {});

  it.each<[string, ((at: string) => string[])[], object | undefined]>([
    ['a turn that failed of it', [limited('one')], WINDOW],
    ['up to 0.144, no answer after a full snapshot', [limitedBefore0145('one')], WINDOW],
    ['… and an answer after one', [answered], undefined],
    ['… and no answer without one', [withoutSnapshot], undefined],
    ['a compaction that failed of it', [limitedInCompaction('one')], { kind: 'unknown' }],
    ['a login that is gone', [loggedOut('one')], { kind: 'needs-login', turnId: 'one' }],
    ['what another account thought', [refused('one')], undefined],
    ['a turn that Codex began after it', [limited('one'), later], undefined],
  ])('%s', async (_, writes, expected) => {
    const { facts } = await readRecord(...writes);
    const proof = proveExecLimit(facts, Date.now() - 60_000, new Set());
    if (expected === undefined) expect(proof).toBeUndefined();
    else expect(proof).toMatchObject(expected);
  });

  it('is not told by a turn that ended before this exec, or was answered for', async () => {
    const { facts } = await readRecord(limited('one'));
    expect(proveExecLimit(facts, Date.now() + 60_000, new Set())).toBeUndefined();
    expect(proveExecLimit(facts, 0, new Set(['one']))).toBeUndefined();
    expect(proveExecLimit(facts, 0, new Set(['two']))).toMatchObject(WINDOW);
  });

  const windows = (usedPercent: number) => [{ usedPercent, minutes: 300, resetsAt: 1_900_000_000 }];
  it.each<[string, RateLimits, object | undefined]>([
    [
      'a full window',
      { windows: windows(100) },
      { kind: 'window-5h', until: 1_900_000_000, minutes: 300 },
    ],
    [
      'credits that are used up',
      { windows: windows(40), reachedType: 'workspace_owner_credits_depleted' },
      { kind: 'workspace-credits' },
    ],
    ['a window with something left', { windows: windows(99.9) }, undefined],
    ['no window', { windows: [] }, undefined],
  ])('as the service itself says: %s', (_, limits, expected) => {
    const proof = proveByAccount(limits, 12_345);
    if (expected === undefined) expect(proof).toBeUndefined();
    else expect(proof).toEqual({ turnId: 'account-12345', ...expected });
  });
});

describe('whether the prompt is lost', () => {
  const before = (at: string) => [prompt(at)];
  const unprompted = (at: string) => limited('one')(at).filter((text) => text !== prompt(at));
  const startedAtMs = () => (nowSeconds() - 30) * 1000;
  const old = () => before(new Date(Date.now() - 60_000).toISOString());

  it.each<[string, ((at: string) => string[])[], boolean]>([
    ['in a compaction, before it was on record', [limitedInCompaction('one')], true],
    ['… of a thread with prompts of earlier runs', [old, limitedInCompaction('one')], true],
    ['not once it is on record', [limitedInCompaction('one', { hasPrompt: true })], false],
    ['not in a turn of the model’s, whatever is missing', [unprompted], false],
  ])('%s', async (_, writes, expected) => {
    const { facts } = await readRecord(...writes);
    const proof = proveExecLimit(facts, startedAtMs(), new Set()) as LimitProof;
    expect(hasLostPrompt(facts, startedAtMs(), proof)).toBe(expected);
  });
});
