import { listBackgroundCommands } from '../codex/background-commands.ts';
import type { RateLimits } from '../codex/rollout.ts';
import { replayTypedKeys } from '../codex/typed-ahead.ts';
import { NotStartedError } from '../errors.ts';
import { createInputClassifier } from '../observe/keys.ts';
import type { PtyChild } from '../pty/spawn.ts';
import type { Logged } from '../state/events.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Alert } from './alert.ts';
import { type Arrival, awaitArrival } from './arrival.ts';
import {
  type ChildListeners,
  type ChildPlan,
  type SupervisedChild,
  superviseChild,
} from './child.ts';
import { createEarlyMove } from './early-move.ts';
import { createExhaustion } from './exhaustion.ts';
import { followThreads } from './follow.ts';
import type { FollowedThread } from './followed-rollout.ts';
import type { HandoffDesk } from './handoff.ts';
import { createInputGate } from './input-gate.ts';
import type { Effect, Ending, Event } from './machine/vocabulary.ts';
import { advance, beginSession } from './machine.ts';
import type { Patience } from './reset-wait.ts';
import { createRotation } from './rotation.ts';
import { createSessionClock } from './session-clock.ts';
import { relaySignals } from './signals.ts';
import { guardSuccessor, type SuccessorGuard } from './successor.ts';
import { createTimers } from './timers.ts';
import { createWatch, type Source, type Watch } from './watch.ts';
import { tellStranded } from './words.ts';

export interface SessionParts {
  terminal: Terminal;
  spawn(plan: ChildPlan): PtyChild;
  firstPlan: ChildPlan;
  /** Makes the overlay ready once more, and says how to go on with exactly this thread. */
  resumePlan(thread: FollowedThread, prompt?: string): Promise<ChildPlan>;
  /** What a resumed thread is told; '' for nothing. */
  prompt: string;
  /** Called with each child's pid, so that the overlay stays leased while it lives. */
  noteChild(pid: number): void;
  /** Called with each thread that a child turns out to work on. */
  noteThread(thread: FollowedThread & { copyOf?: string }): void;
  desk: HandoffDesk;
  /** How many accounts there are: the bound on rotations. */
  accounts: number;
  log(event: Logged): void;
  /** What draws attention to a handoff, and to the end of all accounts. */
  alert: Alert;
  /** When every account is at its limit, the first to come back is waited for. */
  wait?: Patience;
  /** Where the session meets the system, for tests: a child's rollouts and commands, signals to us, stderr. */
  follow?: typeof followThreads;
  relay?: typeof relaySignals;
  listCommands?: typeof listBackgroundCommands;
  tell?(line: string): void;
}

/** A child that ignores SIGTERM is killed after this long (design 7). */
const STOP_MS = 2000;
/** Waits before a thread whose writer lock is still held is tried again. */
const RETRY_MS = [50, 100, 200, 400, 800, 1600];
/** A terminal that takes nothing for this long is stalled. */
const STALL_MS = 300;

const ERASE_BELOW = '\u001b[J';

/**
 * Runs a session to its end: the one interpreter of the machine's effects, and the only place where pty, terminal,
 * observers and accounts meet. The terminal is restored when this resolves.
 * @throws NotStartedError when the first child could not be started; the terminal is untouched then.
 */
export function runSession(parts: SessionParts): Promise<Ending> {
  const { terminal, desk, log, follow = followThreads, relay = relaySignals } = parts;
  const { tell = tellOnStderr, listCommands = listBackgroundCommands } = parts;
  const answeredFor = new Set<string>();
  const timers = createTimers();
  const clock = createSessionClock();
  const rotation = createRotation({ ...parts, now: Date.now });
  let child: SupervisedChild | undefined;
  let watch: Watch | undefined;
  /** Of the child that is being ended. */
  let leaving: Watch | undefined;
  let source: Source = 'record';
  let isHurried = false;
  /** For stderr, when the terminal is the user's again. */
  let stranded: string | undefined;
  let thread: FollowedThread | undefined;

  const gate = createInputGate({
    deliver: (bytes) => child?.deliver(bytes),
    deliverHeld(keys) {
      const replayed = child?.takesPastes() ? replayTypedKeys(keys) : keys;
      child?.deliver(Buffer.from(replayed, 'latin1'));
    },
    classifier: createInputClassifier(),
    dialogSince: () => child?.dialogSince(),
    isTurnRunning: () => watch?.isTurnRunning() === true,
    takesAnswers: () => state.name === 'resuming',
    now: clock.now,
    ticks: () => performance.now(),
    after: timers.after,
  });
  const begun = beginSession(parts.accounts);
  let state = begun.state;

  return new Promise<Ending>((resolve, reject) => {
    const events: Event[] = [];
    let busy = false;

    function dispatch(event: Event): void {
      events.push(event);
      if (busy) return;
      busy = true;
      try {
        for (let next = events.shift(); next !== undefined; next = events.shift()) {
          const step = advance(state, next);
          state = step.state;
          for (const effect of step.effects) perform(effect);
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
        case 'resume':
          return start(rotation.plan(), createGuard());
        case 'hold-input':
          return gate.hold();
        case 'release-input':
          return gate.release();
        case 'seek-proof':
          return void seekProof();
        case 'choose-target':
          return dispatch(rotation.choose());
        case 'settle-exhausted':
          return dispatch({ name: 'settled', waits: exhaustion.settle() });
        case 'await-reset':
          return exhaustion.await();
        case 'stop-waiting':
          return exhaustion.leave();
        case 'stop-child':
          leaving = watch;
          rotation.endCommands(child?.pid === undefined ? [] : listCommands(child.pid));
          child?.signal('SIGTERM');
          return timers.after(STOP_MS, () => dispatch({ name: 'stop-overdue' }));
        case 'kill-child':
          return child?.signal('SIGKILL');
        case 'signal-child':
          return child?.signal(effect.signal);
        case 'hang-up-child':
          child?.signal('SIGHUP');
          return timers.after(STOP_MS, () => dispatch({ name: 'stop-overdue' }));
        case 'suspend-ourselves':
          return void suspend().catch(fail);
        case 'undo-modes':
          return void terminal.write(child?.undoModes(effect.before) ?? '');
        case 'repoint':
          return void goOn(rotation.moveTo(effect.target)).catch(fail);
        case 'copy-thread':
          return void goOn(rotation.copyThread()).catch(fail);
        case 'schedule-retry':
          return scheduleRetry(effect);
        case 'flush':
          if (effect.stranded !== undefined) stranded = tellStranded(effect.stranded);
          return void flush().then(() => dispatch({ name: 'flushed' }), fail);
        case 'restore-terminal':
          terminal.restore();
          return dispatch({ name: 'restored' });
        case 'exit':
          leave();
          tellSummary();
          return resolve(effect.ending);
        default:
          return unreachable(effect);
      }
    }

    function considerMoving(limits: RateLimits, { id, rollout }: FollowedThread): void {
      const roomier = desk.findRoomier(limits, { thread: id, rollout });
      if (roomier !== undefined) early.consider(roomier);
    }

    const early = createEarlyMove({
      timers,
      isFree: () => state.name === 'running' && gate.isBlank(),
      presses: gate.presses,
      isResting: async () => (await watch?.isResting()) ?? false,
      move({ target, room }) {
        if (thread === undefined) return;
        const evidence = rotation.beginEarly(thread, room);
        dispatch({ name: 'running-low', evidence, target });
      },
    });

    const exhaustion = createExhaustion({
      rotation,
      desk,
      alert: parts.alert,
      wait: parts.wait,
      timers,
      log,
      interject: (text) => child?.interject(text),
      onNextKey: gate.onNextKey,
      dispatch,
    });

    function createGuard(): SuccessorGuard | undefined {
      if (!rotation.resumes()) return undefined;
      return guardSuccessor({
        prompt: rotation.prompt(),
        hasGoal: rotation.resumesGoal(),
        timers,
        isIdle: () => takesKeys() && !isAsking() && !watch?.isWorking() && gate.isBlank(),
        isAsking,
        hasWorked: () => watch?.hasWorked() === true,
        async readRecord() {
          const asked = watch;
          await asked?.look();
          return asked !== undefined && asked === watch;
        },
        type: (keys) => child?.deliver(Buffer.from(keys)),
        awaitEcho: (text, seen) => child?.awaitEcho(text, seen),
        forgetEcho: () => child?.forgetEcho(),
      });
    }

    function takesKeys(): boolean {
      return state.name === 'running' || state.name === 'resuming';
    }

    function isAsking(): boolean {
      return child?.dialogSince() !== undefined;
    }

    function start(plan: ChildPlan, guard?: SuccessorGuard): void {
      const startedAt = clock.now();
      const listeners: ChildListeners = {
        started(pid) {
          parts.noteChild(pid);
          watch = watchChild(pid, startedAt, arrival, guard);
        },
        drawn: () => arrival.drawn(),
        sign: (sign) => watch?.note(sign),
        stopped: () => dispatch({ name: 'child-stopped' }),
        ended(ending) {
          const refusal = arrival.refusal();
          if (refusal === 'needs-login') rotation.beginWithoutLogin();
          watch?.close();
          watch = undefined;
          exhaustion.abandon();
          timers.cancel();
          dispatch({ name: 'child-ended', ending, ...(refusal === undefined ? {} : { refusal }) });
        },
      };
      const spawn = () => parts.spawn(plan);
      const which = superviseChild(terminal, spawn, listeners, child?.takesPastes());
      const arrival = awaitArrival({
        hasPrompt: guard !== undefined && rotation.prompt() !== '',
        timers,
        readRefusal: which.refusal,
        asksToSignIn: which.asksToSignIn,
        isAsking: () => which.dialogSince() !== undefined,
        ready: () => dispatch({ name: 'child-ready' }),
        unsettled: () => dispatch({ name: 'unsettled' }),
        refused: () => dispatch({ name: 'refused' }),
        signInAsked: (isStill) => void seekLogin(which, isStill),
      });
      child = which;
    }

    function watchChild(
      pid: number,
      startedAt: number,
      arrival: Arrival,
      guard: SuccessorGuard | undefined,
    ): Watch {
      return createWatch({
        follower: follow(pid, startedAt, answeredFor, undefined, clock.ahead),
        triggered(from) {
          source = from;
          log({ type: 'suspected', source });
          dispatch({ name: 'triggered' });
        },
        unconfirmed: () => log({ type: 'unconfirmed', source: 'text' }),
        turnBegan() {
          rotation.arrived();
          if (guard === undefined) arrival.began();
        },
        turnRecorded() {
          guard?.recorded();
          arrival.began();
        },
        turnSucceeded(limits) {
          guard?.succeeded();
          exhaustion.forget();
          dispatch({ name: 'turn-succeeded' });
          if (limits !== undefined && thread !== undefined) considerMoving(limits, thread);
        },
        bound(current) {
          thread = current;
          const copyOf = rotation.originalOf(current.id);
          parts.noteThread({ ...current, ...(copyOf === undefined ? {} : { copyOf }) });
          log({ type: 'bound', thread: current.id, target: desk.target });
          arrival.bound();
          guard?.bound();
        },
        now: clock.now,
      });
    }

    async function seekProof(): Promise<void> {
      const asked = watch;
      const found = await asked?.seek().catch(() => undefined);
      if (asked !== watch) return; // the child ended meanwhile, and so did the question
      // A stopped session drops the answer. After fg the machine asks for proof again.
      if (state.name === 'suspended') return;
      const { proof, refused } = found ?? {};
      if (proof !== undefined) {
        answeredFor.add(proof.turnId);
        return dispatch({ name: 'proved', evidence: rotation.begin(proof) });
      }
      if (refused !== undefined) {
        answeredFor.add(refused.turnId);
        dispatch({ name: 'proved-foreign', evidence: rotation.beginCopy(refused) });
        if (state.name !== 'running') return;
        const thread = refused.thread.id;
        return log({ type: 'unconfirmed', source, thread, reason: 'a copy is refused, too' });
      }
      log({ type: 'unconfirmed', source });
      dispatch({ name: 'not-proved' });
    }

    /** The screen is only a reason to ask: a login that works leaves it to the user. */
    async function seekLogin(
      asked: SupervisedChild,
      isStill: () => boolean,
      attempts = 2,
    ): Promise<void> {
      // The child has opened its thread, so its login works. The question would cost a token refresh.
      if (!isStill()) return;
      const isGone = await desk.isLoginGone().catch(() => false);
      if (asked !== child || watch === undefined || !isStill()) return;
      if (!isGone && attempts === 1) return;
      // The network, say: once more.
      if (!isGone) return timers.after(STOP_MS, () => void seekLogin(asked, isStill, attempts - 1));
      rotation.beginWithoutLogin();
      dispatch({ name: 'login-gone' });
    }

    async function goOn(preparing: ReturnType<typeof rotation.moveTo>): Promise<void> {
      const { event, line, isUrgent } = await preparing;
      gate.keepDraft(await leaving?.readRecord());
      leaving = undefined;
      // No child lives: there is no sequence to cut in two. What it has left below the cursor is the rest of its composer.
      if (line !== undefined) {
        const alert = isUrgent ? parts.alert(line) : '';
        terminal.write(`\r\n${ERASE_BELOW}${line}\r\n${alert}`);
      }
      dispatch(event);
    }

    function scheduleRetry({ evidence, attempt }: Extract<Effect, { do: 'schedule-retry' }>): void {
      const thread = evidence.threadId === undefined ? {} : { thread: evidence.threadId };
      log({ type: 'retry', reason: 'active-writer', attempt, ...thread });
      gate.keepDraft(undefined);
      timers.after(RETRY_MS[attempt - 1] ?? STOP_MS, () => dispatch({ name: 'retry-due' }));
    }

    async function suspend(): Promise<void> {
      // The child's last words before the shell's prompt; but a stalled terminal must not keep us from stopping.
      await flushFor(STALL_MS);
      await terminal.suspendJob();
      child?.resize(terminal.size());
      child?.continueJob();
      // The same size says nothing by itself, and 0.150 may have drawn before it was stopped: it would show nothing now.
      child?.redraw();
      dispatch({ name: 'child-continued' });
    }

    /** A slow terminal gets its time, but whoever sends a signal does not want to wait for one that takes nothing. */
    function flush(): Promise<void> {
      return isHurried ? flushFor(STALL_MS) : terminal.flush();
    }

    function flushFor(ms: number): Promise<void> {
      return Promise.race([
        terminal.flush(),
        new Promise<void>((resume) => setTimeout(resume, ms)),
      ]);
    }

    const stopRelaying = relay((signal, number) => {
      isHurried = true;
      dispatch({ name: 'signalled', signal, number });
    });

    function tellSummary(): void {
      const summary = stranded ?? exhaustion.summary();
      if (summary !== undefined) tell(summary);
    }

    function leave(): void {
      timers.cancel();
      exhaustion.abandon();
      watch?.close();
      stopRelaying();
    }

    // A bug of ours: the user gets the terminal back, and the child is not left behind.
    function fail(error: unknown): void {
      leave();
      child?.signal('SIGTERM');
      terminal.write(child?.undoModes('end') ?? '');
      terminal.restore();
      reject(error instanceof Error ? error : new Error(String(error)));
    }

    try {
      for (const effect of begun.effects) perform(effect);
    } catch (error) {
      leave();
      return reject(new NotStartedError(error));
    }
    terminal.onInput((chunk) => gate.feed(chunk));
    terminal.onDrain(() => child?.drained());
    terminal.onResize((size) => child?.resize(size));
    terminal.onHangup(() => dispatch({ name: 'hung-up' }));
    terminal.enterRaw();
  });
}

function tellOnStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

function unreachable(effect: never): never {
  throw new Error(`unknown effect: ${JSON.stringify(effect)}`);
}
