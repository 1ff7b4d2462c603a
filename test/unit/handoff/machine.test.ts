import { describe, expect, it } from 'vitest';
import { findRefusal } from '../../../src/handoff/agents.ts';
import type { Effect } from '../../../src/handoff/effects.ts';
import type { Event } from '../../../src/handoff/events.ts';
import { MAX_WAITS } from '../../../src/handoff/exhaustion.ts';
import { advance as advanceAt, beginSession } from '../../../src/handoff/machine.ts';
import { MAX_ATTEMPTS } from '../../../src/handoff/resuming.ts';
import type { Rules, State } from '../../../src/handoff/states.ts';
import type { Step } from '../../../src/handoff/steps.ts';

const AT = Date.parse('2026-11-20T10:00:00Z');
const PLAN = { file: 'codex', args: [], cwd: '/', env: {} };
const THREAD = { id: 'thread', rollout: '/thread.jsonl', cwd: '/work' };
const COPY = { id: 'copy', rollout: '/copy.jsonl' };
const MARK = { kind: 'window-5h', at: 1, until: 2 } as const;
const PROOF = { kind: 'window-5h', turnId: 'turn' } as const;
const CLEAN = { kind: 'exited', code: 0 } as const;
const FAILED = { kind: 'exited', code: 1 } as const;
const KILLED = { kind: 'signalled', signal: 'SIGKILL', number: 9 } as const;
const SIGTERM = { name: 'signalled', signal: 'SIGTERM', number: 15 } as const;
const EARLIEST = { target: 'acc1', until: 100 };
const FAILURE = { message: 'broken', isFinal: false };

const PROVED: Event = { name: 'proved', proof: PROOF, thread: THREAD };
const REFUSED: Event = {
  ...{ name: 'reasoning-refused', thread: THREAD, turnId: 'refused', source: 'state' },
};
const MOVED: Event = { name: 'moved', to: 'acc2', plan: { plan: PLAN, how: 'resume' } };
const TRIGGERED: Event = { name: 'triggered', source: 'state' };
const TURN_FAILED: Event = { name: 'triggered', source: 'event' };
const CHOSEN: Event = { name: 'chosen', target: 'acc2', mark: MARK };

/** Every event that a driver or the interpreter can report. `canHappen` says which of them can happen when. */
const EVENTS: Event[] = [
  { name: 'child-ready' },
  { name: 'child-stopped' },
  { name: 'child-continued' },
  { name: 'refused' },
  { name: 'unsettled' },
  { name: 'child-ended', ending: CLEAN },
  { name: 'child-ended', ending: FAILED },
  { name: 'child-ended', ending: FAILED, cause: 'active-writer' },
  { name: 'child-ended', ending: FAILED, cause: 'needs-login' },
  { name: 'child-ended', ending: FAILED, cause: 'failed' },
  { name: 'child-ended', ending: FAILED, cause: 'failed', hasToldError: true },
  { name: 'child-ended', ending: KILLED, hasToldError: true },
  { name: 'start-failed', reason: 'no pty' },
  { name: 'login-gone' },
  TRIGGERED,
  TURN_FAILED,
  { name: 'unconfirmed', source: 'text' },
  { name: 'bound', thread: THREAD },
  { name: 'turn-began' },
  { name: 'turn-succeeded', beganAt: 0 },
  PROVED,
  { name: 'proved', proof: PROOF },
  REFUSED,
  { name: 'not-proved', source: 'state' },
  { name: 'agent-refused', agent: { id: 'agent' }, proof: { ...PROOF, turnId: 'of an agent' } },
  { name: 'at-rest' },
  { name: 'running-low', target: 'acc2', room: { left: 3, minutes: 300 } },
  CHOSEN,
  { name: 'none-left', mark: MARK, earliest: EARLIEST },
  { name: 'none-left', mark: MARK },
  { name: 'typed' },
  { name: 'account-back', target: 'acc1' },
  { name: 'gave-up', reason: 'no account comes back' },
  { name: 'stop-overdue' },
  { name: 'commands-ended', names: ['sleep'], agents: [{ id: 'other' }] },
  MOVED,
  { name: 'moved', to: 'acc2', plan: { plan: PLAN, how: 'again' } },
  { name: 'moved', to: 'acc2', plan: undefined },
  { name: 'not-moved', to: 'acc2', shows: 'acc1', failure: FAILURE },
  { name: 'not-moved', to: 'acc2', shows: 'acc1', failure: { ...FAILURE, isFinal: true } },
  { name: 'stayed', plan: PLAN },
  { name: 'stayed', plan: undefined },
  { name: 'copied', copy: COPY, plan: PLAN },
  { name: 'copied', copy: COPY, plan: undefined },
  { name: 'not-copied', failure: FAILURE },
  { name: 'retry-due' },
  SIGTERM,
  { name: 'hung-up' },
  { name: 'flushed' },
  { name: 'restored' },
];

const advance = (state: State, event: Event): Step => advanceAt(state, event, AT);
const rulesOf = (rules: Partial<Rules>): Rules => ({
  ...{ isInteractive: true, accounts: 2, slackSeconds: 1, prompt: 'continue' },
  ...rules,
});
const begin = (rules: Partial<Rules> = {}) => beginSession(rulesOf(rules), 'acc1', PLAN);
const play = (state: State, ...events: Event[]): State =>
  events.reduce((reached, event) => advance(reached, event).state, state);
const names = (step: Step) => step.effects.map((effect) => effect.do);
const sessionOf = (state: State) => {
  if (!('session' in state)) throw new Error(`${state.name} has no session`);
  return state.session;
};

/** What the effects so far have made true outside of the machine. */
interface World {
  children: number;
  isHeld: boolean;
  restored: number;
  exited: number;
  /** A limit, or a reason as good, is known and not acted on. */
  hasProof: boolean;
  /** A countdown runs. */
  awaits: boolean;
  /** Copies since the account was changed last. */
  copies: number;
}

const NEW_WORLD: World = {
  ...{ children: 0, isHeld: false, restored: 0, exited: 0, hasProof: false },
  ...{ awaits: false, copies: 0 },
};

/** All pairs of state and world that any order of possible events can reach. The invariants are held at each step. */
function explore(rules: Partial<Rules>) {
  const first = begin(rules);
  const world = apply(NEW_WORLD, first.effects);
  const queue = [0, MAX_WAITS].map((waits) => ({ state: withWaits(first.state, waits), world }));
  const seen = new Map<string, { state: State; world: World }>();
  while (queue.length > 0) {
    const node = queue.pop();
    if (!node) continue;
    const key = JSON.stringify([abstract(node.state), node.world]);
    if (seen.has(key)) continue;
    seen.set(key, node);
    for (const event of EVENTS) {
      if (!canHappen(node.state, node.world, event)) continue;
      const before: World = {
        ...node.world,
        children: node.world.children - Number(ENDS_CHILD.has(event.name)),
        hasProof: isProof(event, node.state) || node.world.hasProof,
        // A wait that comes to its end has ended itself.
        awaits: !ENDS_WAIT.has(event.name) && node.world.awaits,
      };
      const step = advance(node.state, event);
      queue.push({ state: step.state, world: apply(before, step.effects) });
    }
  }
  return [...seen.values()];
}

function withWaits(state: State, waits: number): State {
  return { ...state, session: { ...sessionOf(state), waits } } as State;
}

/** What the next step depends on. The rest goes into logs and lines only. */
function abstract(state: State): object {
  if (!('session' in state)) return { name: state.name };
  const { session, name } = state;
  const { thread, cause, handoffs, waits, hasCopied, interruption } = session;
  return {
    ...{ name, handoffs, hasCopied },
    thread: thread !== undefined,
    canWait: waits < MAX_WAITS,
    isInterrupted: interruption !== undefined,
    cause: cause?.kind,
    ending: 'ending' in state ? state.ending?.kind : undefined,
    attempt: 'attempt' in state ? state.attempt : 0,
    isCopy: name === 'stopping' && state.target === undefined,
    pending: 'pending' in state,
    agents: session.agents.length > 0,
    isRefused: findRefusal(session) !== undefined,
  };
}

function isProof(event: Event, state: State): boolean {
  const { name } = state;
  // An agent has met the limit before.
  if (event.name === 'at-rest') {
    const isFree = name === 'starting' || name === 'running';
    return isFree && findRefusal(state.session) !== undefined;
  }
  // Before the limit the figures of the last turn stand for a failed one.
  if (event.name === 'running-low') return name === 'starting' || name === 'running';
  // The account itself has said so.
  if (event.name === 'login-gone') return ['starting', 'running', 'resuming'].includes(name);
  if (event.name === 'proved') return name === 'suspected' || name === 'waiting';
  return event.name === 'reasoning-refused' && name === 'suspected';
}

const ENDS_WAIT: ReadonlySet<Event['name']> = new Set(['account-back', 'gave-up']);
const ENDS_CHILD: ReadonlySet<Event['name']> = new Set(['child-ended', 'start-failed']);
const OF_A_CHILD: ReadonlySet<Event['name']> = new Set([
  ...(['child-ended', 'child-ready', 'refused', 'unsettled', 'child-stopped'] as const),
  ...(['triggered', 'login-gone', 'turn-succeeded', 'bound', 'turn-began'] as const),
  ...(['agent-refused', 'at-rest'] as const),
]);

function canHappen(state: State, world: World, event: Event): boolean {
  const rules = 'session' in state ? state.session.rules : undefined;
  if (OF_A_CHILD.has(event.name) && world.children === 0) return false;
  switch (event.name) {
    case 'child-ended':
      // A command tells that it has failed. A child on a terminal tells why it could not begin.
      if (rules?.isInteractive) return event.cause !== 'failed' && !event.hasToldError;
      return !isCauseOfTui(event);
    case 'start-failed':
      return state.name === 'resuming';
    case 'at-rest':
    case 'running-low':
      return world.children > 0 && !world.isHeld && rules?.isInteractive === true;
    case 'typed':
      return world.awaits && rules?.isInteractive === true;
    case 'account-back':
    case 'gave-up':
      return world.awaits;
    case 'triggered':
      // Of a command only its own words are a sign.
      return rules === undefined || rules.isInteractive === (event.source !== 'event');
    case 'login-gone':
    case 'child-stopped':
    case 'hung-up':
      return rules?.isInteractive !== false;
    case 'flushed':
      return state.name === 'flushing';
    case 'restored':
      return state.name === 'restoring';
    default:
      return true;
  }
}

function isCauseOfTui({ cause }: Extract<Event, { name: 'child-ended' }>): boolean {
  return cause === 'active-writer' || cause === 'needs-login';
}

function apply(world: World, effects: readonly Effect[]): World {
  const next = { ...world };
  for (const effect of effects) {
    switch (effect.do) {
      case 'start':
        next.children += 1;
        expect(next.children, 'two children at once').toBe(1);
        expect(next.restored, 'a child after the terminal was given back').toBe(0);
        break;
      case 'hold-input':
        next.isHeld = true;
        break;
      case 'release-input':
        next.isHeld = false;
        break;
      case 'stop-child':
        // The account that is back needs no new proof.
        expect(next.hasProof, 'a child was stopped without proof').toBe(true);
        break;
      case 'await-reset':
        expect(next.awaits, 'two countdowns at once').toBe(false);
        next.awaits = true;
        break;
      case 'stop-waiting':
        next.awaits = false;
        break;
      case 'move':
        expect(next.children, 'the link moved under a living child').toBe(0);
        next.copies = 0;
        break;
      case 'copy':
        expect(next.children, 'the copy of a thread that is still written').toBe(0);
        next.copies += 1;
        expect(next.copies, 'more than one copy for an account').toBe(1);
        break;
      case 'restore-terminal':
        next.restored += 1;
        expect(next.restored).toBe(1);
        break;
      case 'exit':
        next.exited += 1;
        expect(next.exited).toBe(1);
        expect(next.restored, 'exit before the terminal was restored').toBe(1);
        break;
      default:
        break;
    }
  }
  return next;
}

const EVERY_STATE: State['name'][] = [
  ...(['starting', 'running', 'suspended', 'suspected', 'choosing', 'waiting'] as const),
  ...(['stopping', 'moving', 'staying', 'copying', 'resuming', 'retrying'] as const),
  ...(['flushing', 'restoring', 'ended'] as const),
];
/** A command has no job control, and no writer of its own thread to wait for. */
const OF_A_TUI: State['name'][] = ['suspended', 'staying', 'retrying'];

describe.each([
  ['on a terminal', { isInteractive: true }, EVERY_STATE],
  ['of a command', { isInteractive: false }, EVERY_STATE.filter((n) => !OF_A_TUI.includes(n))],
])('the machine of a session %s, over every reachable order of events', (_, rules, states) => {
  const nodes = explore(rules);

  it('reaches every state', () => {
    expect(new Set(nodes.map(({ state }) => state.name))).toEqual(new Set(states));
  });

  it('ends with the terminal restored once, one exit and no child', () => {
    for (const { state, world } of nodes.filter((node) => node.state.name === 'ended')) {
      expect(world, JSON.stringify(state)).toMatchObject({ children: 0, restored: 1, exited: 1 });
    }
  });

  it('can end from every state', () => {
    for (const { state, world } of nodes) {
      expect(endOf(state, world), JSON.stringify({ state, world })).toBe('ended');
    }
  });

  it('lets keys through wherever the user can type for long', () => {
    for (const { state, world } of nodes) {
      if (state.name === 'running' || state.name === 'waiting') {
        expect(world.isHeld, JSON.stringify(state)).toBe(false);
      }
    }
  });

  it('counts down only while it waits', () => {
    for (const { state, world } of nodes) {
      expect(world.awaits, JSON.stringify(state)).toBe(state.name === 'waiting');
    }
  });

  it('carries an ending exactly where a child has ended and no other has started', () => {
    for (const { state, world } of nodes) {
      if ('ending' in state && 'session' in state && state.name !== 'resuming') {
        expect(world.children, JSON.stringify(state)).toBe(0);
      }
    }
  });
});

describe('the machine of a session', () => {
  it('hands off no more when every account has failed without one good turn', () => {
    let state = begin({ accounts: 3 }).state;
    let rounds = 0;
    for (; rounds < 20; rounds += 1) {
      const step = advance(play(state, { name: 'child-ready' }, TRIGGERED, PROVED), CHOSEN);
      if (step.state.name === 'running') break;
      state = handOff(state);
    }
    expect(rounds).toBe(3);
  });

  it('waits often without one good turn, and then no more', () => {
    let state = begin().state;
    for (let wait = 0; wait < MAX_WAITS; wait += 1) {
      state = toExhausted(state);
      expect(state.name).toBe('waiting');
      const back: Event = { name: 'account-back', target: 'acc1' };
      state = play(state, back, { name: 'child-ended', ending: FAILED });
      state = play(state, { ...MOVED, to: 'acc1' } as Event, { name: 'child-ready' });
    }
    expect(toExhausted(state).name).toBe('running');
    expect(toExhausted(play(state, { name: 'turn-succeeded', beganAt: 0 })).name).toBe('waiting');
  });

  it.each<[string, Event[], Event]>([
    ['no limit after all', [TRIGGERED], { name: 'not-proved' }],
    ['no other account', [TRIGGERED, PROVED], { name: 'none-left', mark: MARK }],
    ['a wait', [TRIGGERED, PROVED], { name: 'none-left', mark: MARK, earliest: EARLIEST }],
  ])('a sign that comes while it is busy is checked after that: %s', (_, before, answer) => {
    const busy = play(begin().state, { name: 'child-ready' }, ...before);
    const { effects } = advance(play(busy, TRIGGERED), answer);
    expect(effects.filter((effect) => effect.do === 'seek-proof')).toHaveLength(1);
    expect(advance(busy, answer).effects.some((effect) => effect.do === 'seek-proof')).toBe(false);
  });

  it('counts afresh after a good turn', () => {
    const state = handOff(begin().state);
    expect(sessionOf(state).handoffs).toBe(1);
    expect(sessionOf(play(state, { name: 'turn-succeeded', beganAt: 0 })).handoffs).toBe(0);
  });

  it('tries a thread with an active writer again, but not for ever', () => {
    let state = toResuming(begin().state);
    const refused = { name: 'child-ended', ending: FAILED, cause: 'active-writer' } as const;
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt += 1) {
      const step = advance(state, refused);
      expect(names(step)).toEqual(['hold-input', 'undo-modes', 'log', 'schedule-retry']);
      expect(step.effects.at(-1)).toEqual({ do: 'schedule-retry', attempt });
      state = play(step.state, { name: 'retry-due' });
    }
    expect(advance(state, refused).state).toEqual({
      name: 'flushing',
      ending: FAILED,
      lines: [expect.stringContaining('codex resume thread')],
    });
  });

  it('gives keys to a slow successor, and takes them back when it is refused after all', () => {
    const unsettled = advance(toResuming(begin().state), { name: 'unsettled' });
    expect(unsettled.effects).toEqual([{ do: 'release-input' }]);
    const refused = { name: 'child-ended', ending: FAILED, cause: 'active-writer' } as const;
    const step = advance(unsettled.state, refused);
    expect(step.state.name).toBe('retrying');
    expect(step.effects).toContainEqual({ do: 'hold-input' });
  });

  it('takes a successor that ends well for ended, whatever is on its screen', () => {
    const quit = { name: 'child-ended', ending: CLEAN, cause: 'active-writer' } as const;
    expect(advance(toResuming(begin().state), quit).state.name).toBe('flushing');
  });

  it('takes a child that asks for a login away, and starts the same under the next account', () => {
    const gone = advance(begin().state, { name: 'login-gone' });
    expect(names(gone)).toEqual(['hold-input', 'choose']);
    const chosen = advance(gone.state, CHOSEN);
    expect(names(chosen).at(-1)).toBe('stop-child');
    expect(play(toResuming(begin().state), { name: 'login-gone' })).toMatchObject({
      name: 'choosing',
      session: { thread: THREAD },
    });
  });

  it('goes on in a copy of the thread, once for an account', () => {
    let step = advance(play(handOff(begin({ accounts: 3 }).state), TRIGGERED), REFUSED);
    expect(step).toMatchObject({ state: { name: 'stopping' }, effects: [{ do: 'stop-child' }] });
    step = advance(step.state, { name: 'child-ended', ending: FAILED });
    expect(step.effects).toContainEqual({ do: 'copy', thread: THREAD, prompt: 'continue' });
    step = advance(step.state, { name: 'copied', copy: COPY, plan: PLAN });
    expect(step.effects.at(-1)).toMatchObject({ do: 'start', thread: { id: 'copy' } });
    expect(sessionOf(step.state)).toMatchObject({ handoffs: 1, originals: { copy: 'thread' } });

    const again = advance(play(step.state, TRIGGERED), REFUSED);
    expect(again.state.name).toBe('running');
    expect(again.effects).toContainEqual({ do: 'release-input' });
    const later = advance(play(handOff(again.state), TRIGGERED), REFUSED);
    expect(later.state.name).toBe('stopping');
  });

  it('tells how to go on by hand when there can be no copy', () => {
    const state = play(begun(), TRIGGERED, REFUSED, { name: 'child-ended', ending: FAILED });
    expect(advance(state, { name: 'not-copied', failure: FAILURE }).state).toEqual({
      name: 'flushing',
      ending: FAILED,
      lines: [expect.stringContaining('codex resume thread')],
    });
  });

  it('goes on with the thread of the proof, though the child has opened another meanwhile', () => {
    const opened: Event = { name: 'bound', thread: { id: 'new', rollout: '/new.jsonl' } };
    const state = play(begun(), TRIGGERED, PROVED, opened, CHOSEN, opened);
    const step = advance(state, { name: 'child-ended', ending: FAILED });
    expect(step.effects).toContainEqual(expect.objectContaining({ do: 'move', thread: THREAD }));
  });

  const ENDED = [
    { name: 'child-ended', ending: FAILED },
    { name: 'child-ended', ending: FAILED, cause: 'active-writer' },
  ] as const;
  it.each<{ during: string; from: Event[]; late: Event[] }>([
    { during: 'suspected', from: [TRIGGERED], late: [PROVED, CHOSEN] },
    { during: 'choosing', from: [TRIGGERED, PROVED], late: [CHOSEN] },
    { during: 'stopping', from: [TRIGGERED, PROVED, CHOSEN], late: [] },
    { during: 'stopping', from: [TRIGGERED, REFUSED], late: [] },
    { during: 'resuming', from: [TRIGGERED, PROVED, CHOSEN, ENDED[0], MOVED], late: [] },
  ])('has no successor when the user ends it: $during', ({ during, from, late }) => {
    const reached = play(begun(), ...from);
    expect(reached.name).toBe(during);
    for (const end of [SIGTERM, { name: 'hung-up' } as const]) {
      for (const ended of ENDED) {
        const left = play(reached, end, ...late, { name: 'stop-overdue' });
        const lines = during === 'resuming' ? [expect.stringMatching(/ran under .* → /)] : [];
        expect(advance(left, ended).state).toEqual({ name: 'flushing', ending: FAILED, lines });
      }
    }
  });

  it('kills a child that a closed terminal does not end', () => {
    const step = advance(begun(), { name: 'hung-up' });
    expect(step.effects).toEqual([{ do: 'hang-up-child' }]);
    expect(advance(step.state, { name: 'stop-overdue' }).effects).toEqual([{ do: 'kill-child' }]);
  });

  it('looks into a sign seen before Ctrl-Z only after fg', () => {
    let step = advance(begun(), TRIGGERED);
    step = advance(step.state, { name: 'child-stopped' });
    expect(step.effects).toEqual([{ do: 'suspend-ourselves' }]);
    expect(advance(step.state, { name: 'not-proved', source: 'state' }).effects).toEqual([]);
    step = advance(step.state, { name: 'child-continued' });
    expect(names(step)).toEqual(['hold-input', 'seek-proof']);
  });

  it('tells the successor which commands have ended, and nothing when no turn was cut off', () => {
    const ended: Event = { name: 'commands-ended', names: ['sleep'] };
    const gone: Event = { name: 'child-ended', ending: FAILED };
    const cut = play(begun(), TRIGGERED, PROVED, CHOSEN, ended);
    expect(advance(cut, gone).effects.at(-1)).toMatchObject({
      do: 'move',
      prompt: expect.stringMatching(/^continue\n\n.*1 background command/),
    });
    const idle = play(begun(), TRIGGERED, { ...PROVED, isIdle: true } as Event, CHOSEN, ended);
    expect(advance(idle, gone).effects.at(-1)).toMatchObject({ do: 'move', prompt: '' });
  });

  describe('between two children, after an update of Codex', () => {
    const moving = () =>
      play(begun(), TRIGGERED, PROVED, CHOSEN, { name: 'child-ended', ending: FAILED });

    it('tells the new version before the child starts', () => {
      const plan = { ...PLAN, news: 'codex-hotswap: codex is now 2.0.0 (was 1.0.0)' };
      const step = advance(moving(), { ...MOVED, plan: { plan, how: 'resume' } } as Event);
      expect(step.effects.slice(-3)).toMatchObject([
        { do: 'log', event: { type: 'notice', message: 'codex is now 2.0.0 (was 1.0.0)' } },
        { do: 'tell', line: plan.news, isUrgent: false },
        { do: 'start', plan },
      ]);
    });

    it('ends at once where no codex starts: what to do is told, and the thread is named', () => {
      const failure = {
        message: 'no codex',
        line: 'codex-hotswap: no codex; do this',
        isFinal: true,
      };
      const step = advance(moving(), { name: 'not-moved', to: 'acc2', shows: 'acc2', failure });
      expect(step.effects).toContainEqual({ do: 'tell', line: failure.line, isUrgent: false });
      expect(step.state).toEqual({
        name: 'flushing',
        ending: FAILED,
        lines: [expect.stringContaining('codex resume thread')],
      });
    });
  });
});

/** Ends the child, or what goes on without one. */
function endOf(state: State, world: World): string {
  let reached = world.children > 0 ? play(state, { name: 'child-ended', ending: CLEAN }) : state;
  // A command that is asked about ends with the answer. Its record may have to be read twice.
  const answers: Event[] = [{ name: 'not-proved' }, { name: 'not-proved' }];
  reached = play(reached, SIGTERM, ...answers, { name: 'none-left', mark: MARK });
  return play(reached, { name: 'flushed' }, { name: 'restored' }).name;
}

function begun(): State {
  return play(begin().state, { name: 'child-ready' });
}

function toResuming(from: State): State {
  const ended: Event = { name: 'child-ended', ending: FAILED };
  return play(from, { name: 'child-ready' }, TRIGGERED, PROVED, CHOSEN, ended, MOVED);
}

function toExhausted(from: State): State {
  const none: Event = { name: 'none-left', mark: MARK, earliest: EARLIEST };
  return play(from, { name: 'child-ready' }, TRIGGERED, PROVED, none);
}

function handOff(from: State): State {
  return play(toResuming(from), { name: 'child-ready' });
}
