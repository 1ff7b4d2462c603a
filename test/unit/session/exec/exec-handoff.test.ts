import { existsSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RateLimits } from '../../../../src/codex/rollout.ts';
import { HotswapError, NotStartedError } from '../../../../src/errors.ts';
import { play, type Scene, type ScriptedChild } from './exec-scene.ts';
import {
  appendLines,
  limited,
  limitedBefore0145,
  limitedInCompaction,
  loggedOut,
  makeThread,
  refused,
  type Thread,
  turn,
} from './exec-thread.ts';

// A `codex exec` without a terminal, with small programs in the place of Codex: what is asked, started and told.

const exited = (code: number) => ({ kind: 'exited', code });
const FULL: RateLimits = { windows: [{ usedPercent: 100, minutes: 300, resetsAt: 1_900_000_000 }] };

/** What a handoff from one account to another says and does. */
const handoff = (from: string, to: string) => [
  `settle ${from}: window-5h`,
  `prepare ${to}`,
  `repoint ${to}`,
  goingOn(from, to),
];
const goingOn = (from: string, to: string) =>
  `announce codex-hotswap: ${from}: its 5-hour limit is used up until TIME; going on under ${to}`;
const exhausted = (account: string, back: string) =>
  `announce codex-hotswap: every account is at its limit (${account}: its 5-hour limit is used up until TIME); ${back}`;
const NONE_BACK = 'no account comes back by itself; see: codex-hotswap status';
const STRANDED =
  'say codex-hotswap: could not go on by itself; to continue, run: codex resume thread 1';

/** A child that meets the limit in its thread. */
const atLimit = (thread: Thread, id: string): ScriptedChild => ({
  ...{ thread, writes: limited(id), ends: 1 },
});

const started = (did: string[]) => did.filter((line) => line.startsWith('start '));
const typesOf = (events: { type: string }[]) => events.map(({ type }) => type);

it('a bug of ours while a child runs: that is the last, is run once, and its status is ours', async () => {
  const thread = makeThread();
  const played = await play({
    children: [atLimit(thread, 'one')],
    next: ['acc2'],
    when(what) {
      if (what.startsWith('start')) throw new Error('a bug');
    },
  });
  expect(played.ending).toEqual(exited(1));
  expect(played.did).toEqual([
    'start first under acc1',
    'see thread 1',
    'say codex-hotswap: reported: a bug',
  ]);
});

describe('an exec that ends for good', () => {
  it.each<[string, ScriptedChild, object]>([
    ['well', { ends: 0 }, exited(0)],
    ['of wrong usage', { ends: 2 }, exited(2)],
    ['of a signal', { ends: 'SIGKILL' }, { kind: 'signalled', signal: 'SIGKILL', number: 9 }],
  ])('%s: nobody is asked, whatever its record says', async (_, child, ending) => {
    const thread = makeThread();
    const played = await play({
      children: [{ thread, writes: limited('one'), ...child }],
      next: ['acc2'],
    });
    expect(played.ending).toEqual(ending);
    expect(played.did).toEqual(['start first under acc1', 'see thread 1']);
    expect(typesOf(played.events)).toEqual(['bound']);
    expect(played.inputs).toEqual(['typed']);
  });

  it.each([
    ['the server is full', 'Selected model is at capacity. Please try a different model.'],
    ['the model failed', 'stream disconnected before completion'],
  ])('as %s: nothing is asked, done or said', async (_, message) => {
    const writes = turn('one', { error: { message, codex_error_info: 'server_overloaded' } });
    const played = await play({
      children: [{ thread: makeThread(), writes, ends: 1 }],
      next: ['acc2'],
    });
    expect(played.ending).toEqual(exited(1));
    expect(played.did).toEqual(['start first under acc1', 'see thread 1']);
  });

  it('is not at the limit that an earlier run of its thread has met', async () => {
    const thread = makeThread(60_000);
    appendLines(thread.rollout, () => limited('old')(new Date(Date.now() - 5000).toISOString()));
    const played = await play({
      children: [{ thread, ends: 1 }],
      next: ['acc2'],
      requestedThread: thread.id,
    });
    expect(played.did).toEqual(['start first under acc1', 'see thread 1']);
  });
});

describe('an exec whose account reaches its limit', () => {
  it('goes on in the same thread under the next account', async () => {
    const thread = makeThread();
    const { ending, did, inputs, events } = await play({
      children: [atLimit(thread, 'one'), { thread }],
      next: ['acc2'],
    });
    expect(ending).toEqual(exited(0));
    expect(did).toEqual([
      'start first under acc1',
      'see thread 1',
      ...handoff('acc1', 'acc2'),
      'start resume thread 1 under acc2',
      'see thread 1',
    ]);
    expect(inputs).toEqual(['typed', '']);
    const [named, limit] = [{ thread: 'thread 1' }, { kind: 'window-5h' }];
    expect(events).toEqual([
      { type: 'bound', target: 'acc1', ...named },
      { type: 'suspected', source: 'exit' },
      { type: 'confirmed', target: 'acc1', until: expect.any(Number), ...limit, ...named },
      { type: 'rotated', from: 'acc1', to: 'acc2', ...limit, ...named },
      { type: 'bound', target: 'acc2', ...named },
      { type: 'resumed', target: 'acc2', milliseconds: expect.any(Number), ...named },
    ]);
  });

  it('up to 0.144, which records a full snapshot and no error', async () => {
    const thread = makeThread();
    const { did } = await play({
      children: [{ thread, writes: limitedBefore0145('one'), ends: 1 }, { thread }],
      next: ['acc2'],
    });
    expect(started(did)).toEqual(['start first under acc1', 'start resume thread 1 under acc2']);
  });

  it('three in a chain; the status is that of the last', async () => {
    const thread = makeThread();
    const { ending, did, inputs } = await play({
      children: [atLimit(thread, 'one'), atLimit(thread, 'two'), { thread, ends: 7 }],
      next: ['acc2', 'acc3'],
    });
    expect(ending).toEqual(exited(7));
    expect(did.filter((line) => !line.startsWith('see'))).toEqual([
      'start first under acc1',
      ...handoff('acc1', 'acc2'),
      'start resume thread 1 under acc2',
      ...handoff('acc2', 'acc3'),
      'start resume thread 1 under acc3',
    ]);
    expect(inputs).toEqual(['typed', '', '']);
  });

  it('or whose login is gone: it is marked so', async () => {
    const thread = makeThread();
    const { did, events } = await play({
      children: [{ thread, writes: loggedOut('one'), ends: 1 }, { thread }],
      next: ['acc2'],
    });
    expect(did).toContain('settle acc1: needs-login');
    expect(did.at(-2)).toBe('start resume thread 1 under acc2');
    expect(events).toContainEqual({ type: 'needs-login', target: 'acc1' });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'confirmed', kind: 'needs-login', until: null }),
    );
  });

  it('goes on under the account that the chosen one gave way to', async () => {
    const thread = makeThread();
    const { did, events } = await play({
      children: [atLimit(thread, 'one'), { thread }],
      next: ['acc2'],
      prepare: async () => 'acc3',
    });
    expect(did.slice(3)).toEqual([
      'prepare acc2',
      'repoint acc3',
      goingOn('acc1', 'acc3'),
      'start resume thread 1 under acc3',
      'see thread 1',
    ]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'rotated', from: 'acc1', to: 'acc3' }),
    );
  });

  it('is not at the same limit twice, should the clock have been set back', async () => {
    const thread = makeThread();
    const ahead = () => limited('one')(new Date(Date.now() + 60_000).toISOString());
    const { ending, did } = await play({
      children: [
        { thread, writes: ahead, ends: 1 },
        { thread, ends: 1 },
      ],
      next: ['acc2', 'acc3'],
    });
    expect(ending).toEqual(exited(1));
    expect(did.at(-2)).toBe('start resume thread 1 under acc2');
  });
});

describe('the thread of an exec', () => {
  it.each<[string, (thread: Thread) => string | undefined, number]>([
    ['a new one', () => 'new', -1000],
    ['the one that was named', ({ id }) => id, 60_000],
  ])('is not another session’s that it has open, too: %s', async (_, askedFor, ageMs) => {
    const [thread, opensToo] = [makeThread(ageMs), makeThread(50_000)];
    // The one written last is taken, where both could be its own.
    utimesSync(opensToo.rollout, new Date(), new Date(Date.now() + 3_600_000));
    const requestedThread = askedFor(thread);
    const { did } = await play({
      children: [
        { ...atLimit(thread, 'one'), opensToo },
        { thread, opensToo },
      ],
      next: ['acc2'],
      ...(requestedThread !== undefined && { requestedThread }),
    });
    expect(did.filter((line) => line.startsWith('see'))).toEqual(['see thread 1', 'see thread 1']);
    expect(did).toContain('start resume thread 1 under acc2');
  });

  it('is searched for when nobody saw it', async () => {
    const thread = makeThread();
    const { did, inputs } = await play({
      children: [{ unseen: thread, writes: limited('one'), ends: 1 }, { thread }],
      next: ['acc2'],
      search: thread,
    });
    expect(did).toEqual([
      'start first under acc1',
      'search',
      'see thread 1',
      ...handoff('acc1', 'acc2'),
      'start resume thread 1 under acc2',
      'see thread 1',
    ]);
    expect(inputs).toEqual(['typed', '']);
  });

  // Without a record no rule would know which account it has run under.
  it.each<[string, ScriptedChild]>([
    ['well', { ends: 0 }],
    ['of a signal', { ends: 'SIGKILL' }],
    ['as a failure without a limit', { ends: 1, writes: turn('one', {}) }],
  ])('is put on record when nobody saw it, and it ended %s', async (_, child) => {
    const thread = makeThread();
    const { did, events } = await play({
      children: [{ unseen: thread, ...child }],
      search: thread,
    });
    expect(did.slice(0, 3)).toEqual(['start first under acc1', 'search', 'see thread 1']);
    expect(events).toContainEqual({ type: 'bound', thread: 'thread 1', target: 'acc1' });
  });

  it('is known when it was resumed by us', async () => {
    const thread = makeThread();
    const { did } = await play({
      children: [
        atLimit(thread, 'one'),
        { unseen: thread, writes: limited('two'), ends: 1 },
        { thread },
      ],
      next: ['acc2', 'acc3'],
    });
    expect(did).not.toContain('search');
    expect(started(did).at(-1)).toBe('start resume thread 1 under acc3');
  });

  it('may be one of several: then nobody is asked, and it ends', async () => {
    const { ending, did, events } = await play({
      children: [{ ends: 1 }],
      next: ['acc2'],
      search: 'unknown',
      askLimits: async () => FULL,
    });
    expect(ending).toEqual(exited(1));
    expect(did).toEqual(['start first under acc1', 'search']);
    expect(events).toEqual([{ type: 'unconfirmed', source: 'exit' }]);
  });

  it('may be gone: then it ends', async () => {
    const thread = makeThread();
    rmSync(thread.rollout);
    const { ending, did, events } = await play({
      children: [{ ends: 1 }],
      next: ['acc2'],
      search: thread,
      askLimits: async () => FULL,
    });
    expect(ending).toEqual(exited(1));
    expect(did).toEqual(['start first under acc1', 'search', 'see thread 1']);
    expect(typesOf(events)).toEqual(['bound']);
  });
});

describe('an exec that failed without a thread', () => {
  it('is run again, with its stdin, when the service says that the account is used up', async () => {
    const { ending, did, inputs, events } = await play({
      children: [{ ends: 1 }, { ends: 0 }],
      next: ['acc2'],
      askLimits: async () => FULL,
    });
    expect(ending).toEqual(exited(0));
    expect(did).toEqual([
      'start first under acc1',
      'search',
      'ask about acc1',
      ...handoff('acc1', 'acc2'),
      'start again under acc2',
      'search',
    ]);
    expect(inputs).toEqual(['typed', 'typed, again']);
    expect(events.map((event) => 'thread' in event)).toEqual([false, false, false]);
  });

  it.each<[string, () => Promise<RateLimits | undefined>]>([
    ['the account has something left', async () => ({ windows: [{ usedPercent: 99 }] })],
    ['it does not tell', async () => undefined],
    ['it cannot be asked', () => Promise.reject(new Error('no network'))],
  ])('ends so when %s', async (_, askLimits) => {
    const { ending, did } = await play({ children: [{ ends: 1 }], next: ['acc2'], askLimits });
    expect(ending).toEqual(exited(1));
    expect(did).toEqual(['start first under acc1', 'search', 'ask about acc1']);
  });

  it('twice: the service is asked about the account of then', async () => {
    const { did, inputs } = await play({
      children: [{ ends: 1 }, { ends: 1 }, {}],
      next: ['acc2', 'acc3'],
      askLimits: async () => FULL,
    });
    expect(did).toContain('ask about acc2');
    expect(started(did).at(-1)).toBe('start again under acc3');
    expect(inputs.at(-1)).toBe('typed, again');
  });

  it('cannot be run again without its stdin: that is told, and the next account is ready', async () => {
    const { ending, did, events } = await play({
      children: [{ ends: 1 }],
      next: ['acc2'],
      repeatable: false,
      askLimits: async () => FULL,
    });
    expect(ending).toEqual(exited(1));
    expect(did.slice(3)).toEqual([
      'settle acc1: window-5h',
      'prepare acc2',
      'repoint acc2',
      'say codex-hotswap: acc1: its 5-hour limit is used up until TIME; its input from stdin cannot be read again; run the command again to use acc2',
    ]);
    expect(typesOf(events)).not.toContain('rotated');
  });
});

describe('an exec that is only done as a whole', () => {
  const whole: Pick<Scene, 'isNeverResumed' | 'resume' | 'next'> = {
    ...{ isNeverResumed: true, resume: 'never', next: ['acc2'] },
  };

  it('is run again when its record knows nothing of the limit', async () => {
    const thread = makeThread();
    const { did, inputs } = await play({
      ...whole,
      children: [{ thread, writes: turn('one', {}), ends: 1 }, { thread: makeThread() }],
      askLimits: async () => FULL,
    });
    expect(did).toEqual([
      'start first under acc1',
      'see thread 1',
      'ask about acc1',
      ...handoff('acc1', 'acc2'),
      'start again under acc2',
      'see thread 2',
    ]);
    expect(inputs).toEqual(['typed', 'typed, again']);
  });

  it('… and when its record does', async () => {
    const { did, inputs } = await play({
      ...whole,
      children: [atLimit(makeThread(), 'one'), {}],
    });
    expect(did).not.toContain('ask about acc1');
    expect(started(did).at(-1)).toBe('start again under acc2');
    expect(inputs).toEqual(['typed', 'typed, again']);
  });

  it('… and not when the account has something left', async () => {
    const { ending, did } = await play({
      ...whole,
      children: [{ thread: makeThread(), writes: turn('one', {}), ends: 1 }],
      askLimits: async () => ({ windows: [{ usedPercent: 10 }] }),
    });
    expect(ending).toEqual(exited(1));
    expect(did.at(-1)).toBe('ask about acc1');
  });

  it('leaves no copy of a thread behind that the account may not read', async () => {
    const thread = makeThread();
    const { ending } = await play({
      ...whole,
      children: [{ thread, writes: refused('one'), ends: 1 }],
    });
    expect(ending).toEqual(exited(1));
    expect(rolloutsBeside(thread)).toEqual([basename(thread.rollout)]);
  });
});

describe('a limit in the compaction before a turn', () => {
  it('that has lost the prompt: the command is run again, in the same words', async () => {
    const thread = makeThread(60_000);
    const { did, inputs } = await play({
      children: [{ thread, writes: limitedInCompaction('one'), ends: 1 }, { thread }],
      next: ['acc2'],
      requestedThread: thread.id,
    });
    expect(started(did).at(-1)).toBe('start again under acc2');
    expect(inputs).toEqual(['typed', 'typed, again']);
  });

  it('that has it on record: the thread goes on', async () => {
    const thread = makeThread();
    const writes = limitedInCompaction('one', { hasPrompt: true });
    const { did } = await play({
      children: [{ thread, writes, ends: 1 }, { thread }],
      next: ['acc2'],
    });
    expect(started(did).at(-1)).toBe('start resume thread 1 under acc2');
  });

  it('of a child that we resumed: the thread goes on, for the prompt is long on record', async () => {
    const thread = makeThread();
    const { did } = await play({
      children: [
        atLimit(thread, 'one'),
        { thread, writes: limitedInCompaction('two'), ends: 1 },
        { thread },
      ],
      next: ['acc2', 'acc3'],
    });
    expect(started(did).at(-1)).toBe('start resume thread 1 under acc3');
  });
});

describe('a thread that the account may not read', () => {
  /** A thread of acc1, which acc2 refuses; its rollout is where the copy is put. */
  const open = () => {
    const thread = makeThread(60_000);
    return { thread, first: atLimit(thread, 'one') };
  };
  const COPIED =
    "say codex-hotswap: acc2 may not read the reasoning of another account's model; going on in a copy of the thread, copy 1";

  it('goes on in a copy, and the original stays', async () => {
    const { thread, first } = open();
    let before = '';
    const { ending, did, inputs, events } = await play({
      children: [first, { thread, writes: refused('two'), ends: 1 }, { thread: 'resumed' }],
      next: ['acc2'],
      requestedThread: thread.id,
      when(what) {
        if (what === COPIED) before = readFileSync(thread.rollout, 'utf8');
      },
    });
    expect(ending).toEqual(exited(0));
    expect(did.slice(-4)).toEqual([
      'see thread 1',
      COPIED,
      'start resume copy 1 under acc2',
      'see copy 1, of thread 1',
    ]);
    expect(inputs).toEqual(['typed', '', '']);
    expect(events).toContainEqual({
      ...{ type: 'copied', target: 'acc2', from: 'thread 1', to: 'copy 1' },
    });
    expect(readFileSync(thread.rollout, 'utf8')).toBe(before);
    expect(rolloutsBeside(thread)).toHaveLength(2);
  });

  it('once for an account: a copy that is refused, too, is refused for something else', async () => {
    const { thread, first } = open();
    const { ending, did } = await play({
      children: [
        first,
        { thread, writes: refused('two'), ends: 1 },
        { thread: 'resumed', writes: refused('three'), ends: 1 },
      ],
      next: ['acc2'],
    });
    expect(ending).toEqual(exited(1));
    expect(did.at(-1)).toBe('see copy 1, of thread 1');
    expect(rolloutsBeside(thread)).toHaveLength(2);
  });

  it('once more for the account after that', async () => {
    const { thread, first } = open();
    const { did } = await play({
      children: [
        first,
        { thread, writes: refused('two'), ends: 1 },
        { thread: 'resumed', writes: limited('three'), ends: 1 },
        { thread: 'resumed', writes: refused('four'), ends: 1 },
        { thread: 'resumed' },
      ],
      next: ['acc2', 'acc3'],
    });
    expect(started(did).slice(2)).toEqual([
      'start resume copy 1 under acc2',
      'start resume copy 1 under acc3',
      'start resume copy 2 under acc3',
    ]);
    expect(did.at(-1)).toBe('see copy 2, of copy 1');
  });

  it('and that cannot be copied: the way on is told', async () => {
    const gone = { thread_id: makeThread().id, end_ordinal_exclusive: 3 };
    const thread = makeThread(60_000, { history_base: gone });
    const { ending, did, events } = await play({
      children: [{ thread, writes: refused('one'), ends: 1 }],
    });
    expect(ending).toEqual(exited(1));
    expect(did.at(-1)).toBe(STRANDED);
    expect(events.at(-1)).toMatchObject({
      type: 'notice',
      message: expect.stringMatching(
        /^could not copy the thread: \S+ .*is a fork of copy 1, which is gone$/,
      ),
    });
    expect(rolloutsBeside(thread)).toHaveLength(1);
  });

  it('of a command that cannot be resumed: it ends', async () => {
    const { ending, did, events } = await play({
      children: [{ thread: makeThread(), writes: refused('one'), ends: 1 }],
      resume: 'never',
    });
    expect(ending).toEqual(exited(1));
    expect(did).toEqual(['start first under acc1', 'see thread 1']);
    expect(typesOf(events)).not.toContain('copied');
  });
});

describe('an exec that nobody can go on with', () => {
  it.each<[string, Partial<Scene>, string]>([
    [
      'who is back first',
      { earliest: { target: 'acc2', until: 1_900_000_000 } },
      exhausted('acc1', 'first back: acc2 at TIME'),
    ],
    ['that nobody comes back', {}, exhausted('acc1', NONE_BACK)],
    [
      'that it is pinned',
      { pinned: true, earliest: { target: 'acc1', until: 1_900_000_000 } },
      'announce codex-hotswap: acc1: its 5-hour limit is used up until TIME; it is pinned, so no other account goes on',
    ],
  ])('tells %s, and ends as Codex did', async (_, scene, line) => {
    const { ending, did, events } = await play({
      children: [atLimit(makeThread(), 'one')],
      ...scene,
    });
    expect(ending).toEqual(exited(1));
    expect(did.slice(2)).toEqual(['settle acc1: window-5h', line]);
    const { earliest } = scene;
    expect(events.at(-1)).toEqual({
      type: 'exhausted',
      target: 'acc1',
      ...(earliest && { earliest }),
    });
  });

  it('after as many limits as there are accounts, whatever the desk offers', async () => {
    const thread = makeThread();
    const { ending, did } = await play({
      children: [atLimit(thread, 'one'), atLimit(thread, 'two'), atLimit(thread, 'three')],
      next: ['acc2', 'acc1', 'acc2'],
      accounts: 2,
    });
    expect(ending).toEqual(exited(1));
    expect(did.slice(-2)).toEqual(['settle acc1: window-5h', exhausted('acc1', NONE_BACK)]);
  });

  it.each<[string, Partial<Scene>]>([
    ['no plan to resume it', { resume: new Error('the overlay is broken') }],
    ['no account made ready', { prepare: () => Promise.reject(new Error('no vault')) }],
  ])('for there was %s: the way on is told', async (_, scene) => {
    const { ending, did, events } = await play({
      children: [atLimit(makeThread(), 'one')],
      next: ['acc2'],
      ...scene,
    });
    expect(ending).toEqual(exited(1));
    expect(did.at(-1)).toBe(STRANDED);
    expect(did).not.toContain(goingOn('acc1', 'acc2'));
    expect(events.at(-1)).toMatchObject({
      type: 'notice',
      message: expect.stringMatching(/^could not go on under acc2: /),
    });
  });

  it('for there was no plan to run it again: nothing is announced', async () => {
    const { ending, did, events } = await play({
      children: [{ ends: 1 }],
      next: ['acc2'],
      again: new Error('the overlay is broken'),
      askLimits: async () => FULL,
    });
    expect(ending).toEqual(exited(1));
    expect(did.at(-1)).toBe('repoint acc2');
    expect(typesOf(events)).not.toContain('rotated');
    expect(events.at(-1)).toMatchObject({
      message: 'could not go on under acc2: the overlay is broken',
    });
  });

  it('for Codex cannot be started', async () => {
    const error = await play({ children: [{ missing: true }] }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(NotStartedError);
    expect(error.cause).toMatchObject({ code: 'ENOENT' });
  });

  it('for Codex cannot be started again: that is told, and the status is that of before', async () => {
    const { ending, did } = await play({
      children: [atLimit(makeThread(), 'one'), { missing: true }],
      next: ['acc2'],
    });
    expect(ending).toEqual(exited(1));
    expect(did.at(-2)).toMatch(
      /^say codex-hotswap: codex could not be started again \(spawn .* ENOENT\)$/,
    );
    expect(did.at(-1)).toContain('to continue, run: codex resume thread 1');
  });
});

function rolloutsBeside({ rollout }: Thread): string[] {
  return existsSync(dirname(rollout)) ? readdirSync(dirname(rollout)) : [];
}

describe('Codex logs accounts out where this exec runs', () => {
  it('it logged this one out as soon as it started: no other account is asked or started', async () => {
    const scene: Scene = {
      children: [{ ends: 1 }],
      next: ['acc2'],
      search: 'none',
      askLimits: async () => FULL,
    };
    const lost = await play({ ...scene, hasLostLink: true });
    expect(lost.did).toEqual(['start first under acc1']);
    expect(lost.ending).toEqual(exited(1));
    // The same without: the next account takes over.
    const { did } = await play({ ...scene, children: [{ ends: 1 }, { ends: 0 }] });
    expect(started(did)).toHaveLength(2);
  });

  it('would log out all others: the line says so, and nobody goes on', async () => {
    const { did } = await play({
      children: [atLimit(makeThread(), 'one')],
      forbiddenBy: '/repo/.codex/config.toml sets forced_login_method',
    });
    expect(started(did)).toHaveLength(1);
    expect(did.at(-1)).toBe(
      'announce codex-hotswap: acc1: its 5-hour limit is used up until TIME; no other account goes on here: /repo/.codex/config.toml sets forced_login_method',
    );
  });

  it('would log out the one that is chosen, after all: the line says so, and how to go on', async () => {
    const { did, ending } = await play({
      children: [atLimit(makeThread(), 'one')],
      next: ['acc2'],
      prepare: () => Promise.reject(new HotswapError('forced-login', 'it forces', 'correct it')),
    });
    expect(did.slice(-2)).toEqual(['say codex-hotswap: it forces; correct it', STRANDED]);
    expect(ending).toEqual(exited(1));
  });

  it('would log out this one by now: no copy of a refused thread goes on', async () => {
    const { did } = await play({
      children: [{ thread: makeThread(), writes: refused('one'), ends: 1 }],
      misfit: new HotswapError('forced-login', 'it forces', 'correct it'),
    });
    expect(started(did)).toHaveLength(1);
    expect(did.at(-2)).toBe('say codex-hotswap: it forces; correct it');
  });
});
