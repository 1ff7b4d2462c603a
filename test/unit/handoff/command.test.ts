import { describe, expect, it } from 'vitest';
import type { Effect } from '../../../src/handoff/effects.ts';
import type { Event } from '../../../src/handoff/events.ts';
import { advance, beginSession } from '../../../src/handoff/machine.ts';
import type { State } from '../../../src/handoff/states.ts';

// A command that says that its turn has failed (`codex exec --json`): it is decided while the child still lives.

const PLAN = { file: 'codex', args: [], cwd: '/', env: {} };
const THREAD = { id: 'thread', rollout: '/thread.jsonl', cwd: '/work' };
const MARK = { kind: 'window-5h', at: 1, until: 2 } as const;
const RULES = { isInteractive: false, accounts: 2, slackSeconds: undefined, prompt: 'continue' };

const FAILED = { kind: 'exited', code: 1 } as const;
const TERMINATED = { kind: 'signalled', signal: 'SIGTERM', number: 15 } as const;

const TURN_FAILED: Event = { name: 'triggered', source: 'event' };
const PROVED: Event = {
  ...{ name: 'proved', thread: THREAD },
  proof: { kind: 'window-5h', turnId: 'turn' },
};
const NOT_PROVED: Event = { name: 'not-proved' };
const CHOSEN: Event = { name: 'chosen', target: 'acc2', mark: MARK };
const NONE_LEFT: Event = { name: 'none-left', mark: MARK };
const SIGTERM: Event = { name: 'signalled', signal: 'SIGTERM', number: 15 };
const MOVED: Event = { name: 'moved', to: 'acc2', plan: { plan: PLAN, how: 'resume' } };
const ENDED: Event = { name: 'child-ended', ending: FAILED, cause: 'failed', hasToldError: true };
const KILLED: Event = { name: 'child-ended', ending: TERMINATED, hasToldError: true };

interface Played {
  state: State;
  effects: Effect[];
}

function play(events: readonly Event[], rules = RULES): Played {
  let { state } = beginSession(rules, 'acc1', PLAN);
  const effects: Effect[] = [];
  for (const event of [{ name: 'child-ready' } as const, TURN_FAILED, ...events]) {
    const step = advance(state, event, 0);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}

/** Answers every question of the machine until the session has ended, or its next child is started. */
function finish({ state, effects }: Played): Played {
  const last = effects.at(-1);
  const answer = ((): Event | undefined => {
    if (state.name === 'flushing') return { name: 'flushed' };
    if (state.name === 'restoring') return { name: 'restored' };
    if (last?.do === 'seek-proof') return NOT_PROVED;
    return undefined;
  })();
  if (answer === undefined) return { state, effects };
  const step = advance(state, answer, 0);
  return finish({ state: step.state, effects: [...effects, ...step.effects] });
}

const count = ({ effects }: Played, what: Effect['do']) =>
  effects.filter((effect) => effect.do === what).length;

/** The child ends of itself after a failed turn, at any moment of the decision. */
const WITHOUT_A_SIGNAL: [string, Event[]][] = [
  ['before the proof', [ENDED, PROVED, CHOSEN, MOVED]],
  ['before the record is complete', [ENDED, NOT_PROVED, PROVED, CHOSEN, MOVED]],
  ['while an account is chosen', [PROVED, ENDED, CHOSEN, MOVED]],
  ['after that', [PROVED, CHOSEN, ENDED, MOVED]],
];

/** A signal comes at any moment, and the child ends of it, or as it does for SIGINT. */
const WITH_A_SIGNAL: [string, Event[]][] = [ENDED, KILLED].flatMap((end) =>
  (
    [
      ['before the proof', [SIGTERM, end, PROVED, CHOSEN]],
      ['… which comes before the end of the child', [SIGTERM, PROVED, end, CHOSEN]],
      ['… and so does the choice', [SIGTERM, PROVED, CHOSEN, end]],
      ['before the record is complete', [SIGTERM, end, NOT_PROVED, PROVED, CHOSEN]],
      ['while an account is chosen', [PROVED, SIGTERM, end, CHOSEN]],
      ['… which comes before the end of the child', [PROVED, SIGTERM, CHOSEN, end]],
      ['after an account was chosen', [PROVED, CHOSEN, SIGTERM, end]],
      ['after nobody was left', [PROVED, NONE_LEFT, SIGTERM, end]],
    ] as [string, Event[]][]
  ).map(([what, events]): [string, Event[]] => [
    `${what}, status ${end === KILLED ? 'of the signal' : 1}`,
    events,
  ]),
);

describe('a command whose turn fails at a limit', () => {
  it.each(WITHOUT_A_SIGNAL)('goes on under the next account: the child ends %s', (_, events) => {
    const played = play(events);
    expect(played.state).toMatchObject({ name: 'resuming', session: { target: 'acc2' } });
    expect(count(played, 'choose')).toBe(1);
    expect(count(played, 'release-output')).toBe(0);
    // Codex writes its files and runs its hooks after a failed turn.
    expect(count(played, 'stop-child') + count(played, 'kill-child')).toBe(0);
  });

  it.each(WITH_A_SIGNAL)(
    'and that is interrupted %s: it marks, and has no successor',
    (_, events) => {
      const played = finish(play(events));
      expect(count(played, 'choose')).toBe(1);
      expect(count(played, 'move')).toBe(0);
      const { ending } = events.find((event) => event.name === 'child-ended') as typeof KILLED & {
        ending: object;
      };
      expect(played.state).toEqual({ name: 'ended', ending });
      expect(count(played, 'signal-child')).toBe(1);
      expect(count(played, 'flush')).toBe(1);
    },
  );

  it('gives its client the failure before the child ends when nobody is left', () => {
    const played = play([PROVED, NONE_LEFT]);
    expect(played.state.name).toBe('running');
    expect(count(played, 'release-output')).toBe(1);
    // The limit has been acted on, so the record proves nothing new.
    expect(finish({ ...played, ...advanceAll(played, [ENDED]) }).state).toEqual({
      ...{ name: 'ended', ending: FAILED },
    });
  });

  it('gives its client the failure before the child ends when it is no limit', () => {
    const played = play([NOT_PROVED]);
    expect(count(played, 'release-output')).toBe(1);
    expect(count(played, 'choose')).toBe(0);
  });

  it('waits for a reset without its child', () => {
    const earliest = { target: 'acc1', until: 100 };
    const events: Event[] = [PROVED, { ...NONE_LEFT, earliest } as Event, ENDED];
    const back: Event = { name: 'account-back', target: 'acc1' };
    const waiting = play(events, { ...RULES, slackSeconds: 1 } as never);
    expect(waiting.state).toMatchObject({ name: 'waiting', ending: FAILED });
    expect(count(waiting, 'release-output')).toBe(0);
    expect(advanceAll(waiting, [back]).effects.at(-1)).toMatchObject({
      do: 'move',
      target: 'acc1',
    });
  });

  it('goes on in a copy of the thread when its child has ended', () => {
    const refused: Event = {
      ...{ name: 'reasoning-refused', thread: THREAD, turnId: 'refused', source: 'exit' },
    };
    expect(play([refused]).state.name).toBe('stopping');
    expect(play([refused, ENDED]).effects.at(-1)).toMatchObject({ do: 'copy', thread: THREAD });
    expect(play([ENDED, refused]).effects.at(-1)).toMatchObject({ do: 'copy', thread: THREAD });
  });
});

it('a command that is killed after it has told an error: its record is read, and marks', () => {
  const first = beginSession(RULES, 'acc1', PLAN);
  const begun = advance(first.state, { name: 'child-ready' }, 0);
  const ended = advance(begun.state, KILLED, 0);
  expect(ended.effects).toMatchObject([{ do: 'seek-proof' }]);
  const proved = advance(ended.state, PROVED, 0);
  expect(proved.effects.at(-1)).toMatchObject({ do: 'choose' });
  const chosen = advance(proved.state, CHOSEN, 0);
  expect(chosen.state).toMatchObject({ name: 'flushing', ending: TERMINATED });
  expect(advance(begun.state, { name: 'child-ended', ending: TERMINATED }, 0).state.name).toBe(
    'flushing',
  );
});

function advanceAll(played: Played, events: readonly Event[]): Played {
  return events.reduce<Played>((reached, event) => {
    const step = advance(reached.state, event, 0);
    return { state: step.state, effects: [...reached.effects, ...step.effects] };
  }, played);
}
