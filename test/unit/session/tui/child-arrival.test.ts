import { describe, expect, it } from 'vitest';
import { MAX_ATTEMPTS } from '../../../../src/handoff/resuming.ts';
import { goal, said, THREAD } from './scripted-child.ts';
import { openSession, rotate, type ScriptedSession } from './scripted-session.ts';

// A successor from its start to the keys of the user: what it is given, and what is done when it cannot begin.

const LIMITS = { primary: { used_percent: 97, window_minutes: 300 } };
const ROOMIER = { findRoomier: () => ({ target: 'acc2', room: { left: 3, minutes: 300 } }) };
const paste = (text: string) => `\u001b[200~${text}\u001b[201~`;
const FAILED = { kind: 'exited', code: 1 } as const;

/** A successor that has just been started, and has drawn nothing. */
async function openSuccessor(options: Parameters<typeof openSession>[0] = {}) {
  const session = openSession(options);
  await session.openWorking();
  const successor = await rotate(session);
  return { session, successor };
}

/** The same after a move between two turns: it has no prompt. */
async function openIdleSuccessor() {
  const session = openSession({ handoffAccounts: ROOMIER });
  const child = await session.openWorking();
  child.answer('turn-1', LIMITS);
  const successor = await session.child(2);
  return { session, successor };
}

/** As a person does: what comes faster is a paste. */
async function typeSlowly(session: ScriptedSession, keys: string): Promise<void> {
  for (const key of keys) {
    session.terminal.type(key);
    await session.advance(60);
  }
}

describe('keys typed while one child takes over from the other', () => {
  it('reach the successor in order, when its first turn is on record', async () => {
    const { session, successor } = await openSuccessor();
    await typeSlowly(session, 'the quick ');
    successor.draw();
    successor.openThread();
    await session.advance(1000);
    await typeSlowly(session, 'brown fox\r');
    expect(successor.typed()).toBe('');
    successor.beginTurn('turn-2');
    await session.advance(1000);
    session.terminal.type('x');
    expect(successor.typed()).toBe(`${paste('the quick brown fox')}\rx`);
  });

  it('wait for a prompt that is typed once more, and no longer', async () => {
    const { session, successor } = await openSuccessor();
    session.terminal.type('held');
    successor.draw();
    successor.openThread();
    await session.advance(7000);
    expect(successor.typed()).not.toContain('held');
    await session.advance(2000);
    expect(successor.typed()).toMatch(/held$/);
  });

  it('reach one without a prompt soon after its thread is open', async () => {
    const { session, successor } = await openIdleSuccessor();
    session.terminal.type('held');
    successor.draw();
    successor.openThread();
    await session.until(() => session.threads.length === 2, 'its thread');
    expect(successor.typed()).toBe('');
    await session.advance(600);
    expect(successor.typed()).toBe('held');
  });

  it('reach one that opens no thread after 3 s: it may ask them something', async () => {
    const { session, successor } = await openSuccessor();
    session.terminal.type('held');
    successor.draw();
    await session.advance(2000);
    expect(successor.typed()).toBe('');
    await session.advance(1200);
    expect(successor.typed()).toBe('held');
  });

  it('are no answer to a dialog that it opens with; those after a pause are', async () => {
    const { session, successor } = await openSuccessor();
    session.terminal.type('half a sen');
    successor.draw();
    successor.openDialog();
    session.terminal.type('tence');
    await session.advance(5000);
    expect(successor.typed()).toBe('');
    session.terminal.type('1');
    expect(successor.typed()).toBe('1');
    successor.closeDialog();
    successor.openThread();
    successor.beginTurn('turn-2');
    await session.advance(1000);
    expect(successor.typed()).toBe('1half a sentence');
  });

  it('are no answer to a dialog as long as no pause is in them', async () => {
    const { session, successor } = await openSuccessor();
    successor.draw();
    successor.openDialog();
    for (let left = 50; left > 0; left -= 1) {
      session.terminal.type('x');
      await session.advance(100);
    }
    expect(successor.typed()).toBe('');
  });

  it('do not mix with what the terminal answers by itself, which passes at once', async () => {
    const { session, successor } = await openSuccessor();
    successor.draw();
    session.terminal.type('held\u001b[3;5R');
    expect(successor.typed()).toBe('\u001b[3;5R');
  });

  it('follow what stood in the composer, and the prompts that waited', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.record(said('the first prompt'));
    await session.advance(1000);
    await typeSlowly(session, 'sent meanwhile\r');
    session.terminal.type('half a pr');
    child.fail('turn-1');
    await session.until(() => !child.isLiving, 'its end');
    session.terminal.type('ompt');
    const successor = await session.child(2);
    successor.draw();
    successor.openThread();
    successor.beginTurn('turn-2');
    await session.advance(1000);
    expect(successor.typed()).toBe(`${paste('sent meanwhile')}\rhalf a prompt`);
  });

  it('are not doubled: what the thread has got is not typed again', async () => {
    const session = openSession();
    const child = await session.openWorking();
    await typeSlowly(session, 'sent meanwhile\r');
    child.record(said('sent meanwhile'));
    const successor = await rotate(session);
    successor.draw();
    successor.openThread();
    successor.beginTurn('turn-2');
    await session.advance(1000);
    expect(successor.typed()).toBe('');
  });
});

describe('the work of a successor', () => {
  it('goes on though its prompt was lost: that is typed, and sent when it is seen', async () => {
    const { session, successor } = await openSuccessor();
    successor.draw();
    successor.openThread();
    await session.until(() => successor.typed() !== '', 'the prompt');
    expect(successor.typed()).toBe(paste('continue'));
    successor.print('› continue\u001b[?2026l');
    await session.advance(100);
    expect(successor.typed()).toBe(`${paste('continue')}\r`);
  });

  it('began after all: the prompt that was typed is taken back before the keys of the user', async () => {
    const { session, successor } = await openSuccessor();
    session.terminal.type('held');
    successor.draw();
    successor.openThread();
    await session.until(() => successor.typed() !== '', 'the prompt');
    successor.beginTurn('turn-2');
    await session.advance(1000);
    const back = '\u007f'.repeat('continue'.length);
    expect(successor.typed()).toBe(`${paste('continue')}${back}held`);
  });

  it('is not told to go on where nothing is to be said', async () => {
    const { session, successor } = await openSuccessor({ prompt: '' });
    successor.draw();
    successor.openThread();
    await session.advance(30_000);
    expect(successor.plan.args).toEqual(['resume', THREAD, '']);
    expect(successor.typed()).toBe('');
  });

  it('takes up the goal of the thread again, after its first turn', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.record(goal());
    const successor = await rotate(session);
    successor.draw();
    successor.openThread();
    successor.beginTurn('turn-2');
    await session.advance(1000);
    successor.answer('turn-2');
    await session.until(() => successor.typed() !== '', 'the command');
    successor.print('/goal resume\u001b[?2026l');
    await session.advance(100);
    expect(successor.typed()).toBe(`${paste('/goal resume')}\r`);
  });
});

describe('a thread that somebody else still writes', () => {
  const WORDS = 'Error: thread already has an active writer';

  it('is tried again, after longer and longer pauses, until it is free', async () => {
    const { session, successor } = await openSuccessor();
    session.terminal.type('held');
    successor.print(WORDS);
    successor.end(FAILED);
    for (let number = 3; number <= 4; number += 1) {
      const next = await session.child(number);
      expect(next.plan.args).toEqual(['resume', THREAD, 'continue']);
      next.print(WORDS);
      next.end(FAILED);
    }
    const last = await session.child(5);
    last.draw();
    last.openThread();
    last.beginTurn('turn-2');
    await session.advance(1000);
    expect(last.typed()).toBe('held');
    expect(session.eventsOf('retry')).toEqual(
      [1, 2, 3].map((attempt) => ({
        ...{ type: 'retry', reason: 'active-writer', attempt, thread: THREAD },
      })),
    );
    expect(session.eventsOf('rotated')).toHaveLength(1);
  });

  it('is left to the user at last: with the command, where Codex ends', async () => {
    const { session } = await openSuccessor();
    const waits: number[] = [];
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const next = await session.child(attempt + 1);
      next.print(WORDS);
      const before = Date.now();
      next.end(FAILED);
      if (attempt === MAX_ATTEMPTS) break;
      await session.child(attempt + 2);
      waits.push(Date.now() - before);
    }
    expect(await session.ended()).toEqual(FAILED);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits.at(-1)).toBeGreaterThan(4 * (waits[0] as number));
    expect(session.told).toEqual([expect.stringContaining(`codex resume ${THREAD}`)]);
    expect(session.children).toHaveLength(MAX_ATTEMPTS + 1);
  });

  it('ends a successor that asks instead; its last question is the user’s', async () => {
    const { session } = await openSuccessor();
    session.terminal.type('q');
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt += 1) {
      const asking = await session.child(attempt + 1);
      asking.draw('This conversation is open in another app');
      await session.until(() => asking.received.length > 0, 'its end');
      expect(asking.received).toEqual(['SIGKILL']);
    }
    const last = await session.child(MAX_ATTEMPTS + 1);
    last.draw('This conversation is open in another app');
    await session.advance(3000);
    expect(last.received).toEqual([]);
    expect(last.typed()).toBe('q');
    last.end();
    expect(await session.ended()).toEqual({ kind: 'exited', code: 0 });
    expect(session.told).toEqual([expect.stringContaining('ran under acc1')]);
  });

  it('is not what a conversation says that is open', async () => {
    const { session, successor } = await openSuccessor();
    successor.draw('This conversation is open in another app');
    successor.openThread();
    await session.advance(3000);
    expect(successor.received).toEqual([]);
    successor.end(FAILED);
    expect(await session.ended()).toEqual(FAILED);
    expect(session.eventsOf('retry')).toEqual([]);
  });

  it('is not tried again when a signal has ended the successor', async () => {
    const { session, successor } = await openSuccessor();
    successor.print(WORDS);
    session.signal('SIGTERM', 15);
    expect(await session.ended()).toMatchObject({ kind: 'signalled', signal: 'SIGTERM' });
    expect(session.eventsOf('retry')).toEqual([]);
    expect(session.children).toHaveLength(2);
  });

  it('is not tried again after a signal in the pause', async () => {
    const { session, successor } = await openSuccessor();
    successor.print(WORDS);
    successor.end(FAILED);
    await session.until(() => session.eventsOf('retry').length > 0, 'the pause');
    session.signal('SIGTERM', 15);
    expect(await session.ended()).toEqual({ kind: 'signalled', signal: 'SIGTERM', number: 15 });
    expect(session.told).toEqual([expect.stringContaining(`codex resume ${THREAD}`)]);
    expect(session.children).toHaveLength(2);
  });
});

describe('a login that is gone before the child could begin', () => {
  const WORDS =
    'Your access token could not be refreshed because your refresh token was revoked. Please log out and sign in again.';

  it('gives its command line to the next account', async () => {
    const session = openSession();
    const [child] = session.children;
    child?.print(WORDS);
    child?.end(FAILED);
    const successor = await session.child(2);
    expect(successor.plan.args).toEqual(['first']);
    expect(session.trace).toEqual([
      ...['start first', 'terminal raw', 'settle acc1 needs-login'],
      ...['prepare acc2', 'repoint acc2', 'start first'],
    ]);
    expect(session.events).toEqual([
      { type: 'confirmed', target: 'acc1', kind: 'needs-login', until: null },
      { type: 'needs-login', target: 'acc1' },
      { type: 'rotated', from: 'acc1', to: 'acc2', kind: 'needs-login' },
    ]);
  });

  it('ends the session where Codex itself took the link away: the next account would go the same way', async () => {
    const session = openSession({ handoffAccounts: { hasLostLink: () => true } });
    session.children[0]?.print(WORDS);
    session.children[0]?.end(FAILED);
    expect(await session.ended()).toEqual(FAILED);
    expect(session.children).toHaveLength(1);
    expect(session.trace.filter((what) => what.startsWith('settle'))).toEqual([]);
  });

  it('ends the session when nobody else is there', async () => {
    const session = openSession({ accounts: ['acc1'] });
    session.children[0]?.print(WORDS);
    session.children[0]?.end(FAILED);
    expect(await session.ended()).toEqual(FAILED);
    expect(session.children).toHaveLength(1);
  });

  it('is not what a child says that ends well', async () => {
    const session = openSession();
    session.children[0]?.print(WORDS);
    session.children[0]?.end();
    expect(await session.ended()).toEqual({ kind: 'exited', code: 0 });
    expect(session.eventsOf('confirmed')).toEqual([]);
  });

  it('of a successor gives the thread to the one after it', async () => {
    const { session, successor } = await openSuccessor();
    successor.print(WORDS);
    successor.end(FAILED);
    const third = await session.child(3);
    expect(third.plan.args).toEqual(['resume', THREAD, 'continue']);
    expect(session.eventsOf('rotated')).toMatchObject([
      { to: 'acc2', kind: 'window-5h' },
      { to: 'acc3', kind: 'needs-login', thread: THREAD },
    ]);
  });

  it('is no reason to go on when a signal came meanwhile', async () => {
    const never = () => new Promise<never>(() => undefined);
    const session = openSession({ handoffAccounts: { prepare: never } });
    session.children[0]?.print(WORDS);
    session.children[0]?.end(FAILED);
    await session.advance(100);
    session.signal('SIGTERM', 15);
    expect(await session.ended()).toMatchObject({ signal: 'SIGTERM' });
    expect(session.told).toEqual([]);
  });
});

describe('a child that stands in its sign-in screen', () => {
  const SCREEN = 'Sign in with ChatGPT … Sign in with Device Code';

  function openDoubted(answers: (boolean | Error)[]) {
    const asked: string[] = [];
    const session = openSession({
      handoffAccounts: {
        async isLoginGone() {
          asked.push('asked');
          const answer = answers.shift() ?? false;
          if (answer instanceof Error) throw answer;
          return answer;
        },
      },
    });
    return { session, asked };
  }

  it.each([
    ['at once', [true], 1],
    ['at the second question', [false, true], 2],
    ['after a question that failed', [new Error('no network'), true], 2],
  ])('gives way to the next account when its login is gone: told %s', async (_, answers, times) => {
    const { session, asked } = openDoubted(answers);
    const [child] = session.children;
    child?.draw(SCREEN);
    const successor = await session.child(2);
    expect(child?.received).toEqual(['SIGTERM']);
    expect(successor.plan.args).toEqual(['first']);
    expect(asked).toHaveLength(times);
    expect(session.eventsOf('rotated')).toMatchObject([{ kind: 'needs-login' }]);
  });

  it('is left to the user when the login works; it is asked twice', async () => {
    const { session, asked } = openDoubted([]);
    const [child] = session.children;
    child?.draw(SCREEN);
    session.terminal.type('1');
    await session.advance(30_000);
    expect(asked).toHaveLength(2);
    expect(child?.received).toEqual([]);
    expect(child?.typed()).toBe('1');
  });

  it('may be slow in drawing it', async () => {
    const { session } = openDoubted([true]);
    session.children[0]?.draw();
    await session.advance(10_000);
    session.children[0]?.print(SCREEN);
    await session.child(2);
  });

  it('is not a child that has opened a thread meanwhile', async () => {
    const { session, asked } = openDoubted([false, true]);
    const [child] = session.children;
    child?.draw(SCREEN);
    await session.until(() => asked.length === 1, 'the first question');
    child?.openThread();
    await session.advance(10_000);
    expect(asked).toHaveLength(1);
    expect(child?.received).toEqual([]);
  });

  it('is not one that opens a thread while the question is asked', async () => {
    let answer = (_: boolean): void => undefined;
    const isLoginGone = () =>
      new Promise<boolean>((resolve) => {
        answer = resolve;
      });
    const session = openSession({ handoffAccounts: { isLoginGone } });
    const child = await session.child(1);
    child.draw(SCREEN);
    child.openThread();
    await session.until(() => session.threads.length > 0, 'the thread');
    answer(true);
    await session.advance(5000);
    expect(child.received).toEqual([]);
  });

  it('may be a successor: its work goes to the one after it, and keys wait on', async () => {
    const { session, successor } = await openSuccessor({
      handoffAccounts: { isLoginGone: async () => true },
    });
    session.terminal.type('held');
    successor.draw(SCREEN);
    const third = await session.child(3);
    expect(third.plan.args).toEqual(['resume', THREAD, 'continue']);
    third.draw();
    third.openThread();
    third.beginTurn('turn-2');
    await session.advance(1000);
    expect(successor.typed()).toBe('');
    expect(third.typed()).toBe('held');
  });
});
