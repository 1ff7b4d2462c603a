import { describe, expect, it } from 'vitest';
import type { RateLimits } from '../../../../src/codex/rollout.ts';
import { play, type ScriptedChild } from './exec-scene.ts';
import {
  limited,
  limitedBefore0145,
  makeThread,
  refused,
  type Thread,
  turn,
} from './exec-thread.ts';

// `codex exec --json` with small programs in the place of Codex: which lines its client gets, and when.

const exited = (code: number) => ({ kind: 'exited', code });
const FULL: RateLimits = { windows: [{ usedPercent: 100, minutes: 300, resetsAt: 1_900_000_000 }] };

const lines = (...events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');
const item = (number: number, text: string) => ({
  type: 'item.completed',
  item: { id: `item_${number}`, type: 'agent_message', text },
});
const TURN = { type: 'turn.started' };
const DONE = { type: 'turn.completed', usage: {} };
const failure = (message: string) => [
  { type: 'error', message },
  { type: 'turn.failed', error: { message } },
];
const begun = ({ id }: Thread) => [{ type: 'thread.started', thread_id: id }, TURN];
const BEGUN = begun({ id: 'thread 1', rollout: '' });

/** A child that says something, and then that it has met the limit. */
const atLimit = (thread: Thread, id: string): ScriptedChild => ({
  ...{ thread, writes: limited(id), ends: 1 },
  prints: lines(...begun(thread), item(0, id), ...failure(id)),
});
const goesWell = (thread: Thread): ScriptedChild => ({
  ...{ thread, prints: lines(...begun(thread), item(0, 'well'), DONE) },
});

const startsOf = (did: string[]) => did.filter((line) => line.startsWith('start '));

describe('a client of exec --json', () => {
  it('sees one run when the work goes on', async () => {
    const thread = makeThread();
    const played = await play({
      ...{ json: true, next: ['acc2', 'acc3'] },
      children: [atLimit(thread, 'one'), atLimit(thread, 'two'), goesWell(thread)],
    });
    expect(played.ending).toEqual(exited(0));
    expect(played.stdout).toBe(
      lines(...BEGUN, item(0, 'one'), item(1, 'two'), item(2, 'well'), DONE),
    );
    expect(startsOf(played.did)).toEqual([
      'start first under acc1',
      'start resume thread 1 under acc2',
      'start resume thread 1 under acc3',
    ]);
    expect(played.events.filter(({ type }) => type === 'suspected')).toHaveLength(2);
  });

  it('gets the failure of the last account when nobody is left', async () => {
    const thread = makeThread();
    const played = await play({
      ...{ json: true, next: ['acc2'] },
      children: [atLimit(thread, 'one'), atLimit(thread, 'two')],
    });
    expect(played.ending).toEqual(exited(1));
    expect(played.stdout).toBe(lines(...BEGUN, item(0, 'one'), item(1, 'two'), ...failure('two')));
  });

  it.each<[string, (at: string) => string[], (string | undefined)[]]>([
    ['nobody is left', limited('one'), []],
    [
      'it is no limit',
      turn('one', { error: { message: 'no', codex_error_info: 'other' } }),
      ['acc2'],
    ],
    ['its record has no error, as up to 0.144', turn('one', {}), ['acc2']],
  ])('gets it before the child has ended: %s', async (_, writes, next) => {
    const thread = makeThread();
    const prints = lines(...begun(thread), ...failure('one'));
    const played = await play({
      ...{ json: true, next },
      children: [{ thread, writes, ends: 1, prints, endsAfter: 'turn.failed' }],
    });
    expect(played.ending).toEqual(exited(1));
    expect(played.stdout).toBe(lines(...BEGUN, ...failure('one')));
    expect(startsOf(played.did)).toEqual(['start first under acc1']);
  });

  it('sees one run up to 0.144, which records no error', async () => {
    const thread = makeThread();
    const played = await play({
      ...{ json: true, next: ['acc2'] },
      children: [{ ...atLimit(thread, 'one'), writes: limitedBefore0145('one') }, goesWell(thread)],
    });
    expect(played.stdout).toBe(lines(...BEGUN, item(0, 'one'), item(1, 'well'), DONE));
  });

  it('knows nothing of a copy of its thread', async () => {
    const thread = makeThread();
    const copy = makeThread();
    const prints = lines(...begun(copy), item(0, 'well'), DONE);
    const played = await play({
      ...{ json: true, next: [] },
      children: [
        { ...atLimit(thread, 'one'), writes: refused('one') },
        { thread: 'resumed', prints },
      ],
    });
    expect(played.stdout).toBe(lines(...BEGUN, item(0, 'one'), item(1, 'well'), DONE));
    expect(startsOf(played.did)[1]).toMatch(/^start resume copy \d/);
  });

  it('sees one run of a command that is run again', async () => {
    const [first, second] = [makeThread(), makeThread()];
    const prints = lines(...begun(first), ...failure('one'));
    const played = await play({
      ...{ json: true, next: ['acc2'], askLimits: async () => FULL },
      children: [
        { unseen: first, ends: 1, prints },
        { ...goesWell(second), thread: second },
      ],
    });
    expect(JSON.parse(played.stdout.split('\n')[0] as string).type).toBe('thread.started');
    expect(played.stdout.split('\n').slice(1).join('\n')).toBe(lines(TURN, item(0, 'well'), DONE));
    expect(startsOf(played.did)[1]).toBe('start again under acc2');
  });

  it('gets the failure when its successor cannot be started', async () => {
    const thread = makeThread();
    const played = await play({
      ...{ json: true, next: ['acc2'] },
      children: [atLimit(thread, 'one'), { missing: true }],
    });
    expect(played.ending).toEqual(exited(1));
    expect(played.stdout).toBe(lines(...BEGUN, item(0, 'one'), ...failure('one')));
  });

  it('… or ends before its turn has begun', async () => {
    const thread = makeThread();
    const prints = lines(...begun(thread).slice(0, 1));
    const played = await play({
      ...{ json: true, next: ['acc2'] },
      children: [atLimit(thread, 'one'), { thread, ends: 2, prints }],
    });
    expect(played.ending).toEqual(exited(2));
    expect(played.stdout).toBe(lines(...BEGUN, item(0, 'one'), ...failure('one')));
  });

  it('gets the failure when a signal comes while an account is made ready', async () => {
    const thread = makeThread();
    const played = await play({
      ...{ json: true, next: ['acc2'] },
      children: [atLimit(thread, 'one')],
      async prepare(target) {
        process.kill(process.pid, 'SIGTERM');
        await new Promise((resume) => setTimeout(resume, 200));
        return target;
      },
    });
    expect(played.ending).toEqual({ kind: 'signalled', signal: 'SIGTERM', number: 15 });
    expect(played.did).toContain('settle acc1: window-5h');
    expect(played.stdout).toBe(lines(...BEGUN, item(0, 'one'), ...failure('one')));
  });

  it('gets everything after a bug of ours', async () => {
    const thread = makeThread();
    const played = await play({
      ...{ json: true, next: ['acc2'] },
      children: [{ ...atLimit(thread, 'one'), ends: 7 }],
      when(what) {
        if (what.startsWith('start')) throw new Error('a bug');
      },
    });
    expect(played.ending).toEqual(exited(7));
    expect(played.stdout).toBe(lines(...BEGUN, item(0, 'one'), ...failure('one')));
  });
});

describe('a refusal that was seen marks the account', () => {
  it.each<[string, number | NodeJS.Signals, object]>([
    ['a signal ends the child', 'SIGTERM', { kind: 'signalled', signal: 'SIGTERM', number: 15 }],
    ['the child ends with another status', 3, exited(3)],
  ])('though %s', async (_, ends, ending) => {
    const thread = makeThread();
    const played = await play({
      ...{ json: true, next: ['acc2'] },
      children: [{ ...atLimit(thread, 'one'), ends }],
    });
    expect(played.ending).toEqual(ending);
    expect(played.did).toContain('settle acc1: window-5h');
    expect(startsOf(played.did)).toHaveLength(1);
    expect(played.stdout).toBe(lines(...BEGUN, item(0, 'one'), ...failure('one')));
  });

  it('though a signal ends the child after the error, before the end of the turn is told', async () => {
    const thread = makeThread();
    const prints = lines(...begun(thread), ...failure('one').slice(0, 1));
    const played = await play({
      ...{ json: true, next: ['acc2'] },
      children: [{ ...atLimit(thread, 'one'), prints, ends: 'SIGTERM' }],
    });
    expect(played.did).toContain('settle acc1: window-5h');
    expect(startsOf(played.did)).toHaveLength(1);
  });

  it.each([
    ['a limit', "You've hit your usage limit. Try again at 3:40 PM.", true],
    ['another error', 'stream disconnected before completion', false],
  ])('though the record of the turn has no end: %s', async (_, message, marks) => {
    const thread = makeThread();
    const begins = (at: string) => limited('one')(at).slice(0, -1);
    const [error] = failure(message);
    const played = await play({
      ...{ json: true, next: ['acc2'] },
      children: [
        { thread, writes: begins, prints: lines(...begun(thread), error ?? {}), ends: 'SIGINT' },
      ],
    });
    expect(played.did.filter((line) => line.startsWith('settle'))).toHaveLength(marks ? 1 : 0);
    expect(startsOf(played.did)).toHaveLength(1);
    expect(played.stdout).toBe(lines(...BEGUN, error ?? {}));
  });
});
