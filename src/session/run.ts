import { createInputClassifier } from '../observe/keys.ts';
import type { PtyChild } from '../pty/spawn.ts';
import type { HotswapEvent } from '../state/events.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type ChildPlan, type SupervisedChild, superviseChild } from './child.ts';
import { type FollowedThread, followThreads, type Proven } from './follow.ts';
import type { HandoffDesk, Verdict } from './handoff.ts';
import { createInputGate } from './input-gate.ts';
import { advance, beginSession, type Effect, type Ending, type Event } from './machine.ts';
import { createWatch, type Watch } from './watch.ts';
import { tellExhausted, tellHandoff, tellStranded } from './words.ts';

export interface SessionParts {
  terminal: Terminal;
  spawn(plan: ChildPlan): PtyChild;
  firstPlan: ChildPlan;
  /** Makes the overlay ready once more, and says how to go on with exactly this thread. */
  resumePlan(thread: FollowedThread): Promise<ChildPlan>;
  /** Called with each child's pid, so that the overlay stays leased while it lives. */
  noteChild(pid: number): void;
  desk: HandoffDesk;
  /** How many accounts there are: the bound on rotations. */
  accounts: number;
  log(event: Logged): void;
}

/** An event without its time, which the log adds. */
export type Logged = HotswapEvent extends infer E
  ? E extends unknown
    ? Omit<E, 'at'>
    : never
  : never;

/** A child that ignores SIGTERM is killed after this long (design 7). */
const STOP_MS = 2000;
/** Waits before a thread whose writer lock is still held is tried again. */
const RETRY_MS = [50, 100, 200, 400, 800, 1600];
/** A terminal that takes nothing for this long is stalled. */
const STALL_MS = 300;
/** The machine's word that the successor has drawn its first frame comes late or never with an unknown Codex. */
const READY_MS = 5000;

/**
 * Runs a session to its end: the one interpreter of the machine's effects, and the only place where pty, terminal,
 * observers and accounts meet. The terminal is restored when this resolves.
 */
export function runSession(parts: SessionParts): Promise<Ending> {
  const { terminal, desk } = parts;
  const answeredFor = new Set<string>();
  const lastWords: string[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let child: SupervisedChild | undefined;
  let watch: Watch | undefined;
  let proof: Proven | undefined;
  let verdict: Verdict | undefined;

  const gate = createInputGate((bytes) => child?.deliver(bytes), createInputClassifier());
  const step = beginSession(parts.accounts);
  let state = step.state;

  return new Promise<Ending>((resolve, reject) => {
    const events: Event[] = [];
    let busy = false;

    function dispatch(event: Event): void {
      events.push(event);
      if (busy) return;
      busy = true;
      try {
        for (let next = events.shift(); next !== undefined; next = events.shift()) {
          const { state: after, effects } = advance(state, next);
          state = after;
          for (const effect of effects) perform(effect);
        }
      } catch (error) {
        fail(error);
      } finally {
        busy = false;
      }
    }

    function perform(effect: Effect): void {
      switch (effect.do) {
        case 'start':
          return start(parts.firstPlan);
        case 'resume': {
          const thread = proof?.thread as FollowedThread;
          parts.log({ type: 'resumed', thread: thread.id, target: desk.target });
          return void parts.resumePlan(thread).then(start, fail);
        }
        case 'hold-input':
          return gate.hold();
        case 'release-input':
          gate.release();
          return gate.successorReady();
        case 'seek-proof':
          return void seekProof();
        case 'choose-target':
          return settle();
        case 'settle-exhausted':
          return settleExhausted();
        case 'stop-child':
          gate.awaitSuccessor();
          child?.signal('SIGTERM');
          return after(STOP_MS, { name: 'stop-overdue' });
        case 'kill-child':
          return child?.signal('SIGKILL');
        case 'signal-child':
          return child?.signal(effect.signal);
        case 'hang-up-child':
          child?.signal('SIGHUP');
          return after(STOP_MS, { name: 'stop-overdue' });
        case 'suspend-ourselves':
          return void suspend();
        case 'undo-modes':
          return void terminal.write(child?.undoModes() ?? '');
        case 'repoint':
          return repoint(effect.target);
        case 'schedule-retry':
          parts.log({
            type: 'retry',
            thread: effect.evidence.threadId,
            reason: 'active-writer',
            attempt: effect.attempt,
          });
          return after(RETRY_MS[effect.attempt - 1] ?? STOP_MS, { name: 'retry-due' });
        case 'flush':
          if (effect.stranded !== undefined) lastWords.push(tellStranded(effect.stranded));
          return void terminal.flush().then(() => dispatch({ name: 'flushed' }), fail);
        case 'restore-terminal':
          terminal.restore();
          return dispatch({ name: 'restored' });
        case 'exit':
          return finish(effect.ending);
        default:
          return unreachable(effect);
      }
    }

    function start(plan: ChildPlan): void {
      const startedAt = Date.now();
      const living = superviseChild(terminal, () => parts.spawn(plan), {
        started(pid) {
          parts.noteChild(pid);
          watch = createWatch({
            follower: followThreads(pid, startedAt, answeredFor),
            triggered: (source, kind) => {
              parts.log({ type: 'suspected', source, ...(kind === undefined ? {} : { kind }) });
              dispatch({ name: 'triggered' });
            },
            turnSucceeded: () => dispatch({ name: 'turn-succeeded' }),
            bound: (thread) => parts.log({ type: 'bound', thread: thread.id, target: desk.target }),
          });
        },
        ready: () => ready(living),
        sign: (sign) => watch?.note(sign),
        stopped: () => dispatch({ name: 'child-stopped' }),
        ended(ending, refusal) {
          watch?.close();
          watch = undefined;
          cancelTimers();
          dispatch({ name: 'child-ended', ending, ...(refusal === undefined ? {} : { refusal }) });
        },
      });
      child = living;
      const overdue = setTimeout(() => ready(living), READY_MS);
      overdue.unref();
      timers.add(overdue);
    }

    function ready(which: SupervisedChild): void {
      if (which !== child) return;
      gate.successorReady();
      dispatch({ name: 'child-ready' });
    }

    async function seekProof(): Promise<void> {
      const asked = watch;
      const found = await asked?.seek().catch(() => undefined);
      if (asked !== watch) return; // the child ended meanwhile, and so did the question
      if (found === undefined) {
        parts.log({ type: 'unconfirmed', source: asked?.lastSource() ?? 'none' });
        return dispatch({ name: 'not-proved' });
      }
      proof = found;
      answeredFor.add(found.turnId);
      dispatch({
        name: 'proved',
        evidence: { threadId: found.thread.id, turnId: found.turnId },
      });
    }

    function settle(): void {
      const from = desk.target;
      verdict = desk.settle(proof as Proven);
      const { mark } = verdict;
      const thread = proof?.thread.id;
      parts.log({
        type: 'confirmed',
        target: from,
        kind: mark.kind,
        until: mark.until,
        ...(thread === undefined ? {} : { thread }),
      });
      dispatch(
        verdict.kind === 'chosen'
          ? { name: 'target-chosen', target: verdict.target }
          : { name: 'none-left' },
      );
    }

    function settleExhausted(): void {
      const { target } = desk;
      const found = verdict ?? desk.settle(proof as Proven);
      const facts = {
        target,
        mark: found.mark,
        ...(found.kind === 'none' && found.earliest ? { earliest: found.earliest } : {}),
      };
      parts.log({
        type: 'exhausted',
        target,
        ...(facts.earliest === undefined ? {} : { earliest: facts.earliest }),
      });
      lastWords.splice(0, lastWords.length, tellExhausted(facts, new Date()));
      terminal.write('\u0007');
      verdict = undefined;
    }

    function repoint(to: string): void {
      const from = desk.target;
      desk.repoint(to);
      const mark = verdict?.mark;
      verdict = undefined;
      if (mark !== undefined) {
        parts.log({ type: 'rotated', from, to, kind: mark.kind });
        terminal.write(`\r\n${tellHandoff(from, to, mark, new Date())}\r\n`);
      }
      dispatch({ name: 'repointed' });
    }

    async function suspend(): Promise<void> {
      // The child's last words before the shell's prompt; but a stalled terminal must not keep us from stopping.
      await Promise.race([terminal.flush(), new Promise((resume) => setTimeout(resume, STALL_MS))]);
      await terminal.suspendJob();
      child?.resize(terminal.size());
      child?.continueJob();
      dispatch({ name: 'child-continued' });
    }

    function after(ms: number, event: Event): void {
      timers.add(setTimeout(() => dispatch(event), ms));
    }

    function cancelTimers(): void {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    }

    const relays = RELAYED.map(([signal, number]) => {
      const relay = () => dispatch({ name: 'signalled', signal, number });
      process.on(signal, relay);
      return () => process.off(signal, relay);
    });

    function leave(): void {
      cancelTimers();
      watch?.close();
      for (const stop of relays) stop();
    }

    function finish(ending: Ending): void {
      leave();
      for (const line of lastWords) process.stderr.write(`${line}\n`);
      resolve(ending);
    }

    // A bug of ours: the user gets the terminal back, and the child is not left behind.
    function fail(error: unknown): void {
      leave();
      child?.signal('SIGTERM');
      terminal.write(child?.undoModes() ?? '');
      terminal.restore();
      reject(error instanceof Error ? error : new Error(String(error)));
    }

    terminal.onInput((chunk) => gate.feed(chunk));
    terminal.onResize((size) => child?.resize(size));
    terminal.onHangup(() => dispatch({ name: 'hung-up' }));
    for (const effect of step.effects) perform(effect);
    terminal.enterRaw();
  });
}

const RELAYED: [NodeJS.Signals, number][] = [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGQUIT', 3],
  ['SIGUSR1', 10],
  ['SIGUSR2', 12],
  ['SIGTERM', 15],
];

function unreachable(effect: never): never {
  throw new Error(`unknown effect: ${JSON.stringify(effect)}`);
}
