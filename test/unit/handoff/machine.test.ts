import { describe, expect, it } from 'vitest';
import { MAX_ATTEMPTS } from '../../../src/handoff/handing-over.ts';
import { advance, beginSession } from '../../../src/handoff/machine.ts';
import type { Effect, Event, State } from '../../../src/handoff/vocabulary.ts';
import { MAX_WAITS } from '../../../src/handoff/with-child.ts';

const EVIDENCE = { threadId: 'thread', turnId: 'turn' };
const CLEAN = { kind: 'exited', code: 0 } as const;
const FAILED = { kind: 'exited', code: 1 } as const;

/** To the end of a child whose account is at its limit. */
const TO_PROOF: Event[] = [
  { name: 'triggered' },
  { name: 'proved', evidence: EVIDENCE },
  { name: 'target-chosen', target: 'acc2' },
];

/** Every event the interpreter can report; the facts of the world decide below which of them can happen. */
const EVENTS: Event[] = [
  { name: 'child-ready' },
  { name: 'child-stopped' },
  { name: 'refused' },
  { name: 'unsettled' },
  { name: 'child-continued' },
  { name: 'child-ended', ending: CLEAN },
  { name: 'child-ended', ending: FAILED },
  { name: 'child-ended', ending: FAILED, refusal: 'active-writer' },
  { name: 'login-gone' },
  { name: 'triggered' },
  { name: 'proved', evidence: EVIDENCE },
  { name: 'proved-foreign', evidence: EVIDENCE },
  { name: 'not-proved' },
  { name: 'turn-succeeded' },
  { name: 'running-low', evidence: { threadId: 'thread' }, target: 'acc2' },
  { name: 'target-chosen', target: 'acc2' },
  { name: 'none-left' },
  { name: 'settled', waits: true },
  { name: 'settled', waits: false },
  { name: 'typed' },
  { name: 'account-back', target: 'acc1' },
  { name: 'gave-up' },
  { name: 'stop-overdue' },
  { name: 'repointed' },
  { name: 'not-repointed' },
  { name: 'copied', evidence: EVIDENCE },
  { name: 'not-copied' },
  { name: 'retry-due' },
  { name: 'signalled', signal: 'SIGTERM', number: 15 },
  { name: 'hung-up' },
  { name: 'flushed' },
  { name: 'restored' },
];

/** What the effects so far have made true outside the machine. */
interface World {
  children: number;
  held: boolean;
  restored: number;
  exited: number;
  proofs: number;
  rotations: number;
  /** A countdown runs. */
  awaiting: boolean;
  /** Since the account was last changed. */
  copies: number;
}

/** All (state, world) pairs that any order of possible events can reach, with the invariants held at each edge. */
function explore(accounts: number) {
  const first = beginSession(accounts);
  const start: World = {
    children: 0,
    held: false,
    restored: 0,
    exited: 0,
    proofs: 0,
    rotations: 0,
    awaiting: false,
    copies: 0,
  };
  const queue = [{ state: first.state, world: apply(start, first.effects) }];
  const seen = new Map<string, { state: State; world: World }>();
  while (queue.length > 0) {
    const node = queue.pop();
    if (!node || seen.has(JSON.stringify(node))) continue;
    seen.set(JSON.stringify(node), node);
    for (const event of EVENTS) {
      if (!canHappen(node.state, node.world, event)) continue;
      const before: World = {
        ...node.world,
        children: node.world.children - (event.name === 'child-ended' ? 1 : 0),
        proofs: isProof(event, node.state) ? 1 : node.world.proofs,
        // A wait that comes to its end has ended itself; the end of a child ends it, too.
        awaiting: !ENDS_WAIT.has(event.name) && node.world.awaiting,
      };
      const step = advance(node.state, event);
      queue.push({ state: step.state, world: apply(before, step.effects) });
    }
  }
  return [...seen.values()];
}

function isProof(event: Event, { name }: State): boolean {
  // Before the limit the figures of the last turn stand for a failed one.
  if (event.name === 'running-low') return name === 'starting' || name === 'running';
  // What the account itself has said.
  if (event.name === 'login-gone') return ['starting', 'running', 'resuming'].includes(name);
  return event.name.startsWith('proved') && (name === 'suspected' || name === 'waiting');
}

const ENDS_WAIT: ReadonlySet<Event['name']> = new Set(['account-back', 'gave-up', 'child-ended']);

function canHappen(state: State, world: World, event: Event): boolean {
  switch (event.name) {
    case 'child-ended':
    case 'child-ready':
    case 'refused':
    case 'unsettled':
    case 'child-stopped':
    case 'triggered':
    case 'login-gone':
    case 'turn-succeeded':
      return world.children > 0;
    case 'running-low':
      return world.children > 0 && !world.held;
    case 'settled':
      return state.name === 'settling';
    case 'typed':
    case 'account-back':
    case 'gave-up':
      return world.awaiting;
    case 'flushed':
      return state.name === 'flushing';
    case 'restored':
      return state.name === 'restoring';
    default:
      return true;
  }
}

function apply(world: World, effects: Effect[]): World {
  const next = { ...world };
  for (const effect of effects) {
    switch (effect.do) {
      case 'start':
      case 'resume':
        next.children += 1;
        expect(next.children, 'two children at once').toBe(1);
        expect(next.restored, 'a child after the terminal was given back').toBe(0);
        break;
      case 'hold-input':
        next.held = true;
        break;
      case 'release-input':
        next.held = false;
        break;
      case 'stop-child':
        expect(next.proofs, 'a child was stopped without proof').toBe(1);
        next.proofs = 0;
        break;
      case 'await-reset':
        expect(next.awaiting, 'two countdowns at once').toBe(false);
        next.awaiting = true;
        break;
      case 'stop-waiting':
        expect(next.awaiting, 'a countdown was ended that did not run').toBe(true);
        next.awaiting = false;
        break;
      case 'repoint':
        expect(next.children, 'the link moved under a living child').toBe(0);
        next.copies = 0;
        break;
      case 'copy-thread':
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

describe('the session machine, over every reachable order of events', () => {
  const nodes = explore(3);

  it('reaches every state', () => {
    expect(new Set(nodes.map((node) => node.state.name))).toEqual(
      new Set([
        'starting',
        'running',
        'suspended',
        'suspected',
        'choosing',
        'settling',
        'waiting',
        'stopping',
        'rotating',
        'leaving',
        'copying',
        'resuming',
        'retrying',
        'flushing',
        'restoring',
        'ended',
      ]),
    );
  });

  it('ends with the terminal restored once, one exit and no child', () => {
    for (const { state, world } of nodes.filter((node) => node.state.name === 'ended')) {
      expect(world, JSON.stringify(state)).toMatchObject({ children: 0, restored: 1, exited: 1 });
    }
  });

  it('can end from every state', () => {
    for (const { state, world } of nodes) {
      expect(endings(state, world), JSON.stringify(state)).toContain('ended');
    }
  });

  it('lets keys through wherever the user can type for long', () => {
    for (const { state, world } of nodes) {
      if (state.name === 'running' || state.name === 'waiting') {
        expect(world.held, JSON.stringify(state)).toBe(false);
      }
    }
  });

  it('counts down only while it waits', () => {
    for (const { state, world } of nodes) {
      expect(world.awaiting, JSON.stringify(state)).toBe(state.name === 'waiting');
    }
  });
});

describe('the session machine', () => {
  it('stops rotating when every account failed without one successful turn', () => {
    const rounds = rotateUntilRefused(3);
    expect(rounds).toBe(3);
  });

  it('waits a few times without one successful turn, and then no more', () => {
    let state = beginSession(2).state;
    for (let wait = 0; wait < MAX_WAITS; wait++) {
      state = toExhausted(state, { name: 'settled', waits: true });
      expect(state.name).toBe('waiting');
      state = advance(state, { name: 'account-back', target: 'acc1' }).state;
      state = advance(state, { name: 'child-ended', ending: FAILED }).state;
      state = advance(state, { name: 'repointed' }).state;
      state = advance(state, { name: 'child-ready' }).state;
    }
    expect(toExhausted(state, { name: 'settled', waits: true }).name).toBe('running');
    state = advance(state, { name: 'turn-succeeded' }).state;
    expect(toExhausted(state, { name: 'settled', waits: true }).name).toBe('waiting');
  });

  it('counts afresh after a successful turn', () => {
    let state = rotateOnce(beginSession(2).state);
    expect(state).toMatchObject({ name: 'running', tally: { rotations: 1 } });
    state = advance(state, { name: 'turn-succeeded' }).state;
    expect(state).toMatchObject({ tally: { rotations: 0 } });
  });

  it('tries a thread with an active writer again, but not for ever', () => {
    let state = toResuming(beginSession(2).state);
    const refused = { name: 'child-ended', ending: FAILED, refusal: 'active-writer' } as const;
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
      const step = advance(state, refused);
      expect(step.effects).toEqual([
        { do: 'hold-input' },
        { do: 'undo-modes', before: 'successor' },
        { do: 'schedule-retry', evidence: EVIDENCE, attempt },
      ]);
      state = advance(step.state, { name: 'retry-due' }).state;
    }
    expect(advance(state, refused).state).toEqual({
      name: 'flushing',
      ending: FAILED,
      stranded: 'thread',
    });
  });

  it('gives keys to a slow successor, and takes them back when it is refused after all', () => {
    const unsettled = advance(toResuming(beginSession(2).state), { name: 'unsettled' });
    expect(unsettled.effects).toEqual([{ do: 'release-input' }]);
    const refused = { name: 'child-ended', ending: FAILED, refusal: 'active-writer' } as const;
    const step = advance(unsettled.state, refused);
    expect(step.state.name).toBe('retrying');
    expect(step.effects).toContainEqual({ do: 'hold-input' });
  });

  it('takes a successor that ends well for ended, whatever is on its screen', () => {
    const quit = { name: 'child-ended', ending: CLEAN, refusal: 'active-writer' } as const;
    expect(advance(toResuming(beginSession(2).state), quit).state.name).toBe('flushing');
  });

  it('takes a child that asks for a login away, and starts the same under the next account', () => {
    const names = (step: ReturnType<typeof advance>) => step.effects.map((effect) => effect.do);
    const gone = advance(beginSession(2).state, { name: 'login-gone' });
    expect(names(gone)).toEqual(['hold-input', 'choose-target']);
    const chosen = advance(gone.state, { name: 'target-chosen', target: 'acc2' });
    expect(names(chosen)).toEqual(['stop-child']);
    const successor = toResuming(beginSession(2).state);
    expect(advance(successor, { name: 'login-gone' }).state).toMatchObject({
      name: 'choosing',
      evidence: EVIDENCE,
    });
  });

  it('goes on in a copy of the thread, once for an account', () => {
    const refuse = (state: State) =>
      advance(advance(state, { name: 'triggered' }).state, {
        name: 'proved-foreign',
        evidence: EVIDENCE,
      });
    let step = refuse(rotateOnce(beginSession(3).state));
    expect(step).toMatchObject({ state: { name: 'leaving' }, effects: [{ do: 'stop-child' }] });
    step = advance(step.state, { name: 'child-ended', ending: FAILED });
    expect(step.effects).toContainEqual({ do: 'copy-thread', evidence: EVIDENCE });
    const evidence = { threadId: 'copy' };
    step = advance(step.state, { name: 'copied', evidence });
    expect(step.effects).toEqual([{ do: 'resume', evidence }]);
    expect(step.state).toMatchObject({ tally: { rotations: 1, copied: true } });

    const again = refuse(step.state);
    expect(again.state.name).toBe('running');
    expect(again.effects).toEqual([{ do: 'release-input' }]);
    expect(refuse(rotateOnce(again.state)).state.name).toBe('leaving');
  });

  it('tells how to go on by hand when there can be no copy', () => {
    const tally = { rotations: 1, limit: 2, waits: 0 };
    const state: State = { name: 'copying', tally, evidence: EVIDENCE };
    expect(advance(state, { name: 'not-copied' }).state).toEqual({
      name: 'flushing',
      ending: FAILED,
      stranded: 'thread',
    });
  });

  const TO_COPY: Event[] = [{ name: 'triggered' }, { name: 'proved-foreign', evidence: EVIDENCE }];
  const ENDED = [
    { name: 'child-ended', ending: FAILED },
    { name: 'child-ended', ending: FAILED, refusal: 'active-writer' },
  ] as const;
  it.each([
    { during: 'suspected', from: TO_PROOF.slice(0, 1), late: TO_PROOF.slice(1) },
    { during: 'stopping', from: TO_PROOF, late: [] },
    { during: 'leaving', from: TO_COPY, late: [] },
    { during: 'resuming', from: [...TO_PROOF, ENDED[0], { name: 'repointed' } as const], late: [] },
  ])('has no successor for whoever ends it: $during', ({ during, from, late }) => {
    const reached = from.reduce((state, event) => advance(state, event).state, begun());
    expect(reached.name).toBe(during);
    for (const end of [{ name: 'signalled', signal: 'SIGTERM', number: 15 }, { name: 'hung-up' }]) {
      for (const ended of ENDED) {
        const after = [end as Event, ...late, { name: 'stop-overdue' } as const];
        const left = after.reduce((state, event) => advance(state, event).state, reached);
        expect(advance(left, ended).state).toEqual({ name: 'flushing', ending: FAILED });
      }
    }
  });

  it('kills a child that a closed terminal does not end', () => {
    const step = advance(begun(), { name: 'hung-up' });
    expect(step.effects).toEqual([{ do: 'hang-up-child' }]);
    expect(advance(step.state, { name: 'stop-overdue' }).effects).toEqual([{ do: 'kill-child' }]);
  });

  it('looks into a trigger seen before Ctrl-Z only after fg', () => {
    let step = advance(
      { name: 'running', tally: { rotations: 0, limit: 1, waits: 0 } },
      { name: 'triggered' },
    );
    step = advance(step.state, { name: 'child-stopped' });
    expect(step.effects).toEqual([{ do: 'suspend-ourselves' }]);
    step = advance(step.state, { name: 'child-continued' });
    expect(step.effects).toEqual([{ do: 'hold-input' }, { do: 'seek-proof' }]);
  });
});

function endings(state: State, world: World): string[] {
  let step =
    world.children > 0 ? advance(state, { name: 'child-ended', ending: CLEAN }) : undefined;
  let current = step?.state ?? state;
  if (['rotating', 'copying', 'retrying'].includes(current.name)) {
    current = advance(current, { name: 'signalled', signal: 'SIGTERM', number: 15 }).state;
  }
  for (const event of [{ name: 'flushed' }, { name: 'restored' }] as const) {
    step = advance(current, event);
    current = step.state;
  }
  return [current.name];
}

function begun(): State {
  return advance(beginSession(2).state, { name: 'child-ready' }).state;
}

function toResuming(from: State): State {
  const events: Event[] = [
    { name: 'child-ready' },
    ...TO_PROOF,
    { name: 'child-ended', ending: FAILED },
    { name: 'repointed' },
  ];
  return events.reduce((state, event) => advance(state, event).state, from);
}

function toExhausted(from: State, settled: Event): State {
  const events: Event[] = [
    { name: 'child-ready' },
    { name: 'triggered' },
    { name: 'proved', evidence: EVIDENCE },
    { name: 'none-left' },
    settled,
  ];
  return events.reduce((state, event) => advance(state, event).state, from);
}

function rotateOnce(from: State): State {
  return advance(toResuming(from), { name: 'child-ready' }).state;
}

function rotateUntilRefused(accounts: number): number {
  let state = beginSession(accounts).state;
  for (let round = 0; round < 20; round++) {
    state = advance(state, { name: 'child-ready' }).state;
    state = advance(state, { name: 'triggered' }).state;
    const step = advance(state, { name: 'proved', evidence: EVIDENCE });
    if (step.effects.some((effect) => effect.do === 'settle-exhausted')) return round;
    state = rotateOnce(state);
  }
  throw new Error('rotates for ever');
}
