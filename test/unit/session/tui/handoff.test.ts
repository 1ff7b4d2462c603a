import { describe, expect, it } from 'vitest';
import type { Mark } from '../../../../src/accounts/marks.ts';
import { HotswapError, NotStartedError } from '../../../../src/errors.ts';
import { EXCEEDED, FULL, LIMIT, MODES, said, THREAD } from './scripted-child.ts';
import { ALERT, openSession, rotate } from './scripted-session.ts';

// A conversation goes on under the next account: what is done, in which order, and what the user is told.

const RESUME = `start resume ${THREAD} continue`;

describe('a limit that the record proves', () => {
  it('ends the child, marks its account, and goes on with the same thread under the next', async () => {
    const session = openSession();
    await session.openWorking();
    const successor = await rotate(session);
    successor.draw();
    successor.openThread();
    successor.beginTurn('turn-2');
    await session.until(() => session.eventsOf('resumed').length > 0, 'its turn');
    successor.answer('turn-2');
    await session.advance(1000);
    successor.end({ kind: 'exited', code: 3 });

    expect(await session.ended()).toEqual({ kind: 'exited', code: 3 });
    expect(session.trace).toEqual([
      'start first',
      'terminal raw',
      'settle acc1 window-5h',
      'SIGTERM',
      'prepare acc2',
      'repoint acc2',
      RESUME,
      'terminal restored',
    ]);
    expect(session.events).toEqual([
      { type: 'bound', thread: THREAD, target: 'acc1' },
      { type: 'suspected', source: 'record' },
      { type: 'confirmed', target: 'acc1', kind: 'window-5h', until: null, thread: THREAD },
      { type: 'rotated', from: 'acc1', to: 'acc2', kind: 'window-5h', thread: THREAD },
      { type: 'bound', thread: THREAD, target: 'acc2' },
      { type: 'resumed', target: 'acc2', milliseconds: expect.any(Number), thread: THREAD },
    ]);
    const line = 'codex-hotswap: acc1: its 5-hour limit is used up; going on under acc2';
    expect(session.terminal.text()).toContain(`\r\n\u001b[J${line}\r\n${ALERT}`);
    expect(session.told).toEqual([
      'codex-hotswap: this session ran under acc1 (its 5-hour limit is used up) → acc2',
    ]);
    expect(session.isRelaying()).toBe(false);
  });

  it('says what the limit is called, and obeys nothing in its name', async () => {
    const limitName = 'gpt\u001b[2J\u001b]52;c;eA==\u0007\r\ncodex-hotswap: forged\u009b2J\u202e';
    const mark: Mark = { kind: 'model-bucket', at: 0, until: null, limitName };
    const session = openSession({
      handoffAccounts: { markAndChoose: async () => ({ kind: 'chosen', target: 'acc2', mark }) },
    });
    await session.openWorking();
    await rotate(session);
    const name = 'gpt\\x1b[2J\\x1b]52;c;eA==\\x07\\r\\ncodex-hotswap: forged\\x9b2J\\u202e';
    const line = `codex-hotswap: acc1: its limit for this model is used up (${name}); going on under acc2`;
    expect(session.terminal.text()).toContain(`\u001b[J${line}\r\n`);
  });

  it.each([
    ['the state that Codex announces', 'state', '\u001b]7501;state=error\u0007'],
    ['the text of an error cell', 'text', `■ ${LIMIT}`],
    ['the record alone', 'record', ''],
  ])('is first hinted at by %s', async (_, source, output) => {
    const session = openSession();
    const child = await session.openWorking();
    child.print(output);
    child.fail('turn-1');
    await session.child(2);
    expect(session.eventsOf('suspected')).toEqual([{ type: 'suspected', source }]);
  });

  it('may be written a moment after the error was told', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.print('\u001b]7501;state=error\u0007');
    await session.advance(300);
    child.fail('turn-1');
    await session.child(2);
    expect(session.eventsOf('unconfirmed')).toEqual([]);
  });

  it.each([
    ['a window', EXCEEDED, FULL, 'window-5h', []],
    ['a text that nobody knows', { ...EXCEEDED, message: 'Out of it' }, {}, 'unknown', []],
    [
      'a workspace without credits',
      { ...EXCEEDED, message: '?' },
      { rate_limit_reached_type: 'workspace_owner_credits_depleted' },
      'workspace-credits',
      [],
    ],
    [
      'a login that is gone',
      {
        message:
          'Your access token could not be refreshed because your refresh token was revoked. Please log out and sign in again.',
        codex_error_info: 'unauthorized',
      },
      {},
      'needs-login',
      [{ type: 'needs-login', target: 'acc1' }],
    ],
  ])('is what the account is marked with: %s', async (_, error, limits, kind, logins) => {
    const session = openSession();
    const child = await session.openWorking();
    child.fail('turn-1', error, limits);
    await session.child(2);
    expect(session.trace).toContain(`settle acc1 ${kind}`);
    expect(session.eventsOf('rotated')).toMatchObject([{ kind }]);
    expect(session.eventsOf('needs-login')).toEqual(logins);
  });

  it('of Codex up to 0.144, which records no error, is a full window and the text together', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.print(`■ ${LIMIT}`);
    child.fail('turn-1', null, FULL);
    await session.child(2);
    expect(session.trace).toContain('settle acc1 window-5h');
  });

  it('in a compaction that the user asked for leaves the successor without a prompt', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.record(said('a prompt'));
    child.answer('turn-1');
    child.beginTurn('turn-2');
    await session.advance(1000);
    child.fail('turn-2', { ...EXCEEDED, message: `Error running remote compact task: ${LIMIT}` });
    const successor = await session.child(2);
    expect(successor.plan.args).toEqual(['resume', THREAD, '']);
    successor.draw();
    successor.openThread();
    await session.advance(30_000);
    expect(successor.typed()).toBe('');
  });

  it('is answered once: the successor’s record has it, too', async () => {
    const session = openSession();
    await session.openWorking();
    const successor = await rotate(session);
    successor.draw();
    successor.openThread();
    await session.advance(2000);
    expect(session.eventsOf('confirmed')).toHaveLength(1);
    expect(successor.received).toEqual([]);
  });
});

describe('no limit, no handoff', () => {
  it('when Codex announces an error and its record has none: keys wait, and go on to it', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.print('\u001b]7501;state=error\u0007');
    session.terminal.type('held');
    expect(child.typed()).toBe('');
    await session.advance(600);
    expect(child.typed()).toBe('held');
    expect(session.eventsOf('unconfirmed')).toEqual([{ type: 'unconfirmed', source: 'state' }]);
    expect(session.trace).toEqual(['start first', 'terminal raw']);
  });

  it('when a text is only quoted: keys are not even held', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.print(`■ ${LIMIT}`);
    session.terminal.type('typed');
    expect(child.typed()).toBe('typed');
    await session.advance(600);
    expect(session.events.slice(1)).toEqual([{ type: 'unconfirmed', source: 'text' }]);
    // It is drawn again and again, and looked into once.
    child.print(`■ ${LIMIT}`);
    await session.advance(600);
    expect(session.eventsOf('unconfirmed')).toHaveLength(1);
  });

  it.each([
    ['a server error', 'other', 'stream disconnected before completion'],
    ['a busy server', 'server_overloaded', 'Selected model is at capacity.'],
    ['too many requests', 'other', 'exceeded retry limit, last status: 429'],
  ])('for %s, though the window is full', async (_, info, message) => {
    const session = openSession();
    const child = await session.openWorking();
    child.print(`■ ${message}`);
    child.fail('turn-1', { message, codex_error_info: info });
    await session.advance(2000);
    expect(session.trace).toEqual(['start first', 'terminal raw']);
    expect(session.events.slice(1)).toEqual([]);
  });

  it('for an answer that quotes a limit, though the window is full, as with credits', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.print(`■ ${LIMIT}`);
    child.answer('turn-1', FULL);
    await session.advance(2000);
    expect(session.trace).toEqual(['start first', 'terminal raw']);
  });

  it('when the child ends while proof is sought: nothing more is said', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.print('\u001b]7501;state=error\u0007');
    child.end({ kind: 'exited', code: 1 });
    expect(await session.ended()).toEqual({ kind: 'exited', code: 1 });
    await session.advance(1000);
    expect(session.events.slice(1)).toEqual([{ type: 'suspected', source: 'state' }]);
  });
});

describe('a chain', () => {
  it('goes on through all accounts, each with its own limit', async () => {
    const session = openSession();
    await session.openWorking();
    const second = await rotate(session);
    second.draw();
    second.openThread();
    second.beginTurn('turn-2');
    await session.advance(1000);
    await rotate(session, 'turn-2');
    expect(session.trace.filter((what) => /settle|repoint/.test(what))).toEqual([
      ...['settle acc1 window-5h', 'repoint acc2', 'settle acc2 window-5h', 'repoint acc3'],
    ]);
  });

  it('without one good turn is bounded, whatever account is chosen', async () => {
    const mark = { kind: 'window-5h', at: 0, until: null } as const;
    let settled = 0;
    const settle = async () => {
      settled += 1;
      return { kind: 'chosen', target: 'acc2', mark } as const;
    };
    const session = openSession({
      accounts: ['acc1', 'acc2'],
      handoffAccounts: { markAndChoose: settle },
    });
    await session.openWorking();
    for (const turn of ['turn-1', 'turn-2']) {
      const next = await rotate(session, turn);
      next.draw();
      next.openThread();
      next.beginTurn(turn === 'turn-1' ? 'turn-2' : 'turn-3');
      await session.advance(1000);
    }
    session.children.at(-1)?.fail('turn-3');
    await session.until(() => session.eventsOf('exhausted').length > 0, 'the end of the chain');
    expect(session.eventsOf('rotated')).toHaveLength(2);
    expect(session.children.at(-1)?.received).toEqual([]);
    // The last account is marked like the others.
    expect(settled).toBe(3);
  });

  it('begins anew after a turn that went well', async () => {
    const mark = { kind: 'window-5h', at: 0, until: null } as const;
    const settle = async () => ({ kind: 'chosen', target: 'acc2', mark }) as const;
    const session = openSession({
      accounts: ['acc1', 'acc2'],
      handoffAccounts: { markAndChoose: settle },
    });
    await session.openWorking();
    for (let number = 1; number <= 4; number += 1) {
      const next = await rotate(session, `turn-${number}`);
      next.draw();
      next.openThread();
      next.beginTurn('good');
      await session.advance(1000);
      next.answer('good');
      await session.advance(1000);
      next.beginTurn(`turn-${number + 1}`);
      await session.advance(1000);
    }
    expect(session.eventsOf('rotated')).toHaveLength(4);
  });
});

describe('the next account', () => {
  it('is the one whose login turns out to work', async () => {
    const session = openSession({ handoffAccounts: { prepare: async () => 'acc3' } });
    await session.openWorking();
    await rotate(session);
    expect(session.trace).toContain('repoint acc3');
    expect(session.eventsOf('rotated')).toMatchObject([{ from: 'acc1', to: 'acc3' }]);
    expect(session.terminal.text()).toContain('going on under acc3');
  });

  const broken = async () => {
    throw new Error('broken');
  };
  it.each([
    ['its token cannot be had', { handoffAccounts: { prepare: broken } }],
    [
      'its vault is gone',
      {
        handoffAccounts: {
          repoint() {
            throw new Error('broken');
          },
        },
      },
    ],
  ])('cannot go on when %s: the user stays in the thread, where they were', async (_, options) => {
    const session = openSession(options);
    await session.openWorking();
    session.children[0]?.fail('turn-1');
    const again = await session.child(2);
    // Nothing is asked of the account that is at its limit.
    expect(again.plan.args).toEqual(['resume', THREAD, '']);
    expect(session.terminal.text()).toContain(
      'could not go on under acc2 (broken); the session stays under acc1',
    );
    expect(session.eventsOf('notice')).toEqual([
      { type: 'notice', message: 'could not go on under acc2: broken' },
    ]);
    expect(session.eventsOf('rotated')).toEqual([]);
    again.end({ kind: 'exited', code: 7 });
    expect(await session.ended()).toEqual({ kind: 'exited', code: 7 });
  });

  it('cannot go on when the overlay cannot be made ready: the user gets the command for it', async () => {
    const session = openSession({ resumePlan: broken });
    await session.openWorking();
    session.children[0]?.fail('turn-1');
    expect(await session.ended()).toEqual({ kind: 'exited', code: 1 });
    expect(session.eventsOf('notice')).toEqual([
      { type: 'notice', message: 'could not go on under acc2: broken' },
    ]);
    expect(session.told).toEqual([
      `codex-hotswap: could not go on by itself; to continue, run: codex resume ${THREAD}`,
    ]);
    expect(session.trace.at(-1)).toBe('terminal restored');
    expect(session.children).toHaveLength(1);
  });
});

describe('a child that ignores SIGTERM', () => {
  it('is killed after 2 s', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.isDeaf = true;
    child.fail('turn-1');
    await session.until(() => child.received.length > 0, 'SIGTERM');
    await session.advance(1900);
    expect(child.received).toEqual(['SIGTERM']);
    await session.child(2);
    expect(child.received).toEqual(['SIGTERM', 'SIGKILL']);
    expect(session.trace).toContain(RESUME);
  });

  it('and stops meanwhile is killed at once', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.isDeaf = true;
    child.fail('turn-1');
    await session.until(() => child.received.length > 0, 'SIGTERM');
    child.stop();
    expect(child.received).toEqual(['SIGTERM', 'SIGKILL']);
    expect(session.trace).not.toContain('terminal suspended');
  });
});

describe('a stopped job', () => {
  it('goes on after fg with the size of then, and is told to draw', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.stop();
    await session.advance(10);
    expect(session.trace.at(-1)).toBe('terminal suspended');
    session.terminal.resize(100, 30);
    session.terminal.continueJob();
    await session.advance(10);
    expect(child.received.slice(-3)).toEqual(['size 100x30', 'continue', 'redraw']);
    session.terminal.type('and on');
    expect(child.typed()).toBe('and on');
  });

  it.each(['before it was stopped', 'while it was stopped'])(
    'whose limit came %s takes over after fg',
    async (when) => {
      const session = openSession();
      const child = await session.openWorking();
      if (when === 'before it was stopped') child.print('\u001b]7501;state=error\u0007');
      child.stop();
      await session.advance(10);
      child.fail('turn-1');
      await session.advance(3000);
      expect(session.trace.at(-1)).toBe('terminal suspended');
      session.terminal.continueJob();
      await session.settle();
      session.terminal.type('held');
      await session.child(2);
      expect(session.trace).toContain('settle acc1 window-5h');
      expect(child.typed()).toBe('');
    },
  );

  it('that goes on at once is looked into, too: keys wait', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.print('\u001b]7501;state=error\u0007');
    child.stop();
    await session.settle();
    session.terminal.continueJob();
    await session.settle();
    session.terminal.type('held');
    expect(child.typed()).toBe('');
    child.fail('turn-1');
    await session.child(2);
    expect(child.typed()).toBe('');
  });

  it('is stopped in time, though the terminal takes nothing', async () => {
    const session = openSession();
    const child = await session.openWorking();
    session.terminal.isStalled = true;
    child.stop();
    await session.advance(400);
    expect(session.trace.at(-1)).toBe('terminal suspended');
  });
});

describe('the end of a session', () => {
  it('is that of its child, with its modes undone', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.end({ kind: 'signalled', signal: 'SIGSEGV', number: 11 });
    expect(await session.ended()).toEqual({ kind: 'signalled', signal: 'SIGSEGV', number: 11 });
    expect(session.terminal.text().endsWith(MODES.undone)).toBe(true);
    expect(session.trace).toEqual(['start first', 'terminal raw', 'terminal restored']);
    expect(session.isRelaying()).toBe(false);
  });

  it('comes with a closed terminal: the child is hung up, and killed if it ignores that', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.isDeaf = true;
    session.terminal.hangUp();
    expect(child.received).toEqual(['SIGHUP']);
    await session.advance(2100);
    expect(child.received).toEqual(['SIGHUP', 'SIGKILL']);
    expect(await session.ended()).toMatchObject({ kind: 'signalled', signal: 'SIGKILL' });
  });

  it('after a signal does not wait for a terminal that takes nothing', async () => {
    const session = openSession();
    const child = await session.openWorking();
    session.terminal.isStalled = true;
    session.signal('SIGTERM', 15);
    expect(child.received).toEqual(['SIGTERM']);
    await session.advance(400);
    expect(session.ending()).toMatchObject({ kind: 'signalled', signal: 'SIGTERM' });
  });

  it('without a signal waits for the terminal', async () => {
    const session = openSession();
    const child = await session.openWorking();
    session.terminal.isStalled = true;
    child.end();
    await session.advance(5000);
    expect(session.ending()).toBeUndefined();
    session.signal('SIGTERM', 15);
    expect(await session.ended()).toEqual({ kind: 'exited', code: 0 });
  });
});

describe('whoever ends the session in the middle of a handoff', () => {
  const never = () => new Promise<never>(() => undefined);
  const SIGTERM = { kind: 'signalled', signal: 'SIGTERM', number: 15 } as const;
  const SIGHUP = { kind: 'signalled', signal: 'SIGHUP', number: 1 } as const;
  const ENDS = [
    ['a signal', SIGTERM],
    ['a closed terminal', SIGHUP],
  ] as const;

  describe.each(ENDS)('%s', (_, ending) => {
    const endIt = ({ terminal, signal }: ReturnType<typeof openSession>) =>
      ending === SIGHUP ? terminal.hangUp() : signal('SIGTERM', 15);

    it('while proof is sought has no successor', async () => {
      const session = openSession();
      const child = await session.openWorking();
      child.print('\u001b]7501;state=error\u0007');
      endIt(session);
      child.fail('turn-1');
      expect(await session.ended()).toEqual(ending);
      expect(session.children).toHaveLength(1);
      expect(session.eventsOf('confirmed')).toEqual([]);
    });

    it('while the child is being ended has no successor', async () => {
      const session = openSession();
      const child = await session.openWorking();
      child.isDeaf = true;
      child.fail('turn-1');
      await session.until(() => child.received.length > 0, 'SIGTERM');
      endIt(session);
      child.end(ending);
      expect(await session.ended()).toEqual(ending);
      expect(session.trace).not.toContain('repoint acc2');
      expect(session.eventsOf('rotated')).toEqual([]);
    });

    it('while the next account is prepared has no successor, and the command to go on', async () => {
      const session = openSession({ handoffAccounts: { prepare: never } });
      const child = await session.openWorking();
      child.fail('turn-1');
      await session.until(() => !child.isLiving, 'its end');
      endIt(session);
      expect(await session.ended()).toEqual(ending);
      expect(session.told).toEqual([expect.stringContaining(`codex resume ${THREAD}`)]);
      expect(session.children).toHaveLength(1);
    });

    it('while the successor starts ends that', async () => {
      const session = openSession();
      await session.openWorking();
      const successor = await rotate(session);
      endIt(session);
      expect(await session.ended()).toEqual(ending);
      expect(successor.received).toEqual([ending.signal]);
      expect(session.children).toHaveLength(2);
    });
  });
});

describe('what we cannot go on from', () => {
  it('a first child that cannot be started leaves the terminal untouched', async () => {
    const session = openSession({
      spawn() {
        throw new Error('no pty');
      },
    });
    await session.settle();
    expect(session.failure()).toBeInstanceOf(NotStartedError);
    expect(new Set(session.trace)).toEqual(new Set(['start first']));
    expect(session.terminal.text()).toBe('');
    expect(session.isRelaying()).toBe(false);
  });

  describe.each([
    ['the choice of an account', { handoffAccounts: { markAndChoose: throwBug } }],
    ['the alert', { alert: throwBug }],
  ])('a bug of %s while a child lives', (_, parts) => {
    it('leaves it alive as if nobody stood between: keys, output, signals, stops, its own end', async () => {
      const session = openSession({ ...parts, accounts: ['acc1'] });
      const child = await session.openWorking();
      child.fail('turn-1');
      session.terminal.type('held');
      await session.advance(1000);
      expect(session.ending() ?? session.failure()).toBeUndefined();
      session.terminal.type(' and typed');
      child.print('still here');
      child.stop();
      await session.advance(10);
      session.terminal.continueJob();
      await session.advance(10);
      session.signal('SIGUSR1', 10);
      expect(child.typed()).toBe('held and typed');
      expect(child.received).toEqual(['size 80x24', 'continue', 'redraw', 'SIGUSR1']);
      child.end({ kind: 'exited', code: 7 });
      expect(await session.ended()).toEqual({ kind: 'exited', code: 7 });
      expect(session.terminal.text()).toContain('still here');
      expect(session.terminal.text().endsWith(MODES.undone)).toBe(true);
      expect(session.trace.filter((what) => what === 'terminal restored')).toHaveLength(1);
      expect(session.told.at(-1)).toBe('codex-hotswap: reported: a bug');
      expect(session.children).toHaveLength(1);
      expect(session.isRelaying()).toBe(false);
    });
  });

  it('a bug that nobody caught: the same, for the last net is the session’s', async () => {
    const session = openSession();
    const child = await session.openWorking();
    const listeners = process.listeners('uncaughtException');
    listeners.at(-1)?.(new Error('a bug'), 'uncaughtException');
    session.terminal.type('x');
    expect(child.typed()).toBe('x');
    child.end();
    expect(await session.ended()).toEqual({ kind: 'exited', code: 0 });
    expect(session.told).toEqual(['codex-hotswap: reported: a bug']);
    expect(process.listeners('uncaughtException')).toHaveLength(listeners.length - 1);
  });

  it('a bug, and then a closed terminal: the child is hung up, and killed if it ignores that', async () => {
    const session = openSession({ handoffAccounts: { markAndChoose: throwBug } });
    const child = await session.openWorking();
    child.fail('turn-1');
    await session.advance(1000);
    child.isDeaf = true;
    session.terminal.hangUp();
    await session.advance(2100);
    expect(child.received).toEqual(['SIGHUP', 'SIGKILL']);
    expect(await session.ended()).toMatchObject({ kind: 'signalled', signal: 'SIGKILL' });
  });

  it('a terminal that is gone after a stop: the child is ended', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.stop();
    await session.advance(10);
    session.terminal.loseTerminal(new Error('no terminal'));
    expect(await session.ended()).toMatchObject({ kind: 'signalled', signal: 'SIGTERM' });
    expect(child.received).toEqual(['SIGTERM']);
  });

  it('a bug between two children: the user gets the terminal back, and the command to go on', async () => {
    const session = openSession({ alert: throwBug });
    const child = await session.openWorking();
    child.fail('turn-1');
    expect(await session.ended()).toEqual({ kind: 'exited', code: 1 });
    expect(session.trace.at(-1)).toBe('terminal restored');
    expect(session.children).toHaveLength(1);
    expect(session.told[0]).toContain(`codex resume ${THREAD}`);
  });

  it('a successor that cannot be started at once is started again', async () => {
    let starts = 0;
    const session = openSession({
      spawn(_, spawn) {
        starts += 1;
        if (starts === 2) throw new Error('no pty');
        return spawn();
      },
    });
    await session.openWorking();
    await rotate(session);
    expect(starts).toBe(3);
  });

  it('a successor that cannot be started: the user gets the terminal back', async () => {
    let starts = 0;
    const session = openSession({
      spawn(_, spawn) {
        starts += 1;
        if (starts > 1) throw new Error('no pty');
        return spawn();
      },
    });
    const child = await session.openWorking();
    child.fail('turn-1');
    expect(await session.ended()).toEqual({ kind: 'exited', code: 1 });
    expect(session.trace.at(-1)).toBe('terminal restored');
    expect(session.told).toEqual([
      expect.stringContaining('no pty'),
      expect.stringContaining('codex resume'),
    ]);
  });
});

it('every account that is left would be logged out by now: the line says why, and how to go on', async () => {
  const prepare = () => Promise.reject(new HotswapError('forced-login', 'it forces', 'correct it'));
  const session = openSession({ handoffAccounts: { prepare } });
  const child = await session.openWorking();
  child.fail('turn-1');
  expect(await session.ended()).toEqual({ kind: 'exited', code: 1 });
  expect(session.children).toHaveLength(1);
  expect(session.terminal.text()).toContain('codex-hotswap: it forces; correct it');
  expect(session.told).toEqual([expect.stringContaining(`codex resume ${THREAD}`)]);
});
function throwBug(): never {
  throw new Error('a bug');
}
