import { listBackgroundCommands } from '../../codex/background-commands.ts';
import type { RateLimits } from '../../codex/rollout.ts';
import { replayTypedKeys } from '../../codex/typed-ahead.ts';
import { describeError, NotStartedError } from '../../errors.ts';
import type { HandoffAccounts } from '../../handoff/accounts.ts';
import { advance, beginSession } from '../../handoff/machine.ts';
import { tellResumeByHand } from '../../handoff/messages.ts';
import type { Effect, Ending, Event } from '../../handoff/vocabulary.ts';
import type { Patience } from '../../handoff/wait-for-reset.ts';
import { createInputClassifier } from '../../observe/keys.ts';
import { toPlainText } from '../../plain-text.ts';
import type { PtyChild } from '../../pty/spawn.ts';
import { retryNow } from '../../state/deferred-writes.ts';
import type { Logged } from '../../state/events.ts';
import { catchUncaught } from '../../state/last-net.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { Alert } from '../alert.ts';
import { relaySignals } from '../signals.ts';
import { type Arrival, awaitArrival } from './child-arrival.ts';
import { createEarlyMove } from './early-handoff.ts';
import { createExhaustion } from './exhaustion.ts';
import { followThreads } from './follow-threads.ts';
import type { FollowedThread } from './followed-rollout.ts';
import { createInputGate } from './input-gate.ts';
import { type Course, passThrough } from './pass-through.ts';
import { createRotation } from './rotation.ts';
import { createSessionClock } from './session-clock.ts';
import { guardSuccessor, type SuccessorGuard } from './successor-guard.ts';
import {
  type ChildListeners,
  type ChildPlan,
  type SupervisedChild,
  superviseChild,
} from './supervised-child.ts';
import { createTimers } from './timers.ts';
import { createTurnWatch, type Source, type TurnWatch, type WatchOptions } from './turn-watch.ts';

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
  desk: HandoffAccounts;
  /** How many accounts there are: the bound on rotations. */
  accounts: number;
  log(event: Logged): void;
  /** What draws attention to a handoff, and to the end of all accounts. */
  alert: Alert;
  /** When every account is at its limit, the first to come back is waited for. */
  wait?: Patience;
  /** Where the session meets the system, for tests: a child's rollouts and commands, signals to and errors of this process, stderr. */
  follow?: typeof followThreads;
  relay?: typeof relaySignals;
  net?: typeof catchUncaught;
  listCommands?: typeof listBackgroundCommands;
  tell?(line: string): void;
  /** Keeps a bug of ours, and says where in one line. */
  report?(error: unknown): string;
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
  const { tell = tellOnStderr, net = catchUncaught, listCommands = listBackgroundCommands } = parts;
  const answeredFor = new Set<string>();
  const timers = createTimers((error) => fail(error));
  const clock = createSessionClock();
  const rotation = createRotation({ ...parts, now: Date.now });
  let child: SupervisedChild | undefined;
  let watch: TurnWatch | undefined;
  /** Of the child that is being ended. */
  let leaving: TurnWatch | undefined;
  let source: Source = 'record';
  let isHurried = false;
  /** For stderr, when the terminal is the user's again. */
  let stranded: string | undefined;
  let thread: FollowedThread | undefined;
  let isLiving = false;
  let lastEnding: Ending = { kind: 'exited', code: 1 };
  /** For stderr, too: an error of ours, and where its report is. */
  let bug: string | undefined;
  let fail = (error: unknown): void => {
    throw error;
  };

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
    const watched: Course = {
      input: (chunk) => gate.feed(chunk),
      signalled: (signal, number) => dispatch({ name: 'signalled', signal, number }),
      hungUp: () => dispatch({ name: 'hung-up' }),
      stopped: () => dispatch({ name: 'child-stopped' }),
      continued: () => dispatch({ name: 'child-continued' }),
      ended: (ending) => {
        // Codex logged its account out as soon as it started: the next account would go the same way.
        const refusal = desk.hasLostLink() ? undefined : arrival?.refusal();
        if (refusal === 'needs-login') rotation.beginWithoutLogin();
        watch?.close();
        watch = undefined;
        exhaustion.abandon();
        timers.cancel();
        dispatch({ name: 'child-ended', ending, ...(refusal === undefined ? {} : { refusal }) });
      },
    };
    let course = watched;
    let arrival: Arrival | undefined;

    /**
     * What a child, its observers and its record tell comes through here. An exception of ours ends the looking, not the
     * session; after one, nothing is looked at any more.
     */
    function guarded<T extends object>(listeners: T): T {
      const guard = ([name, listener]: [string, (...args: unknown[]) => void]) => [
        name,
        caught((...args: unknown[]) => {
          if (course === watched) listener(...args);
        }),
      ];
      return Object.fromEntries(Object.entries(listeners).map(guard)) as T;
    }

    function caught<A extends unknown[]>(act: (...args: A) => void): (...args: A) => void {
      return (...args) => {
        try {
          act(...args);
        } catch (error) {
          fail(error);
        }
      };
    }

    function dispatch(event: Event): void {
      events.push(event);
      if (busy || course !== watched) return;
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
          return void seekProof().catch(fail);
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
          return void suspend().catch(loseTerminal);
        case 'undo-modes':
          return void terminal.write(child?.undoModes(effect.before) ?? '');
        case 'repoint':
          return void goOn(rotation.moveTo(effect.target)).catch(fail);
        case 'copy-thread':
          return void goOn(rotation.copyThread()).catch(fail);
        case 'schedule-retry':
          return scheduleRetry(effect);
        case 'flush':
          if (effect.stranded !== undefined) stranded = tellResumeByHand(effect.stranded);
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

    async function considerMoving(limits: RateLimits, { id, rollout, cwd }: FollowedThread) {
      const asked = watch;
      await desk.review(cwd);
      if (asked !== watch) return;
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
        isIdle: () => takesKeys() && !isAsking() && !isWorking() && gate.isBlank(),
        isAsking,
        isWorking,
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

    function isWorking(): boolean {
      return watch?.isWorking() === true;
    }

    function isAsking(): boolean {
      return child?.dialogSince() !== undefined;
    }

    function start(plan: ChildPlan, guard?: SuccessorGuard): void {
      const startedAt = clock.now();
      const listeners = guarded<Pick<ChildListeners, 'started' | 'drawn' | 'sign'>>({
        started(pid) {
          parts.noteChild(pid);
          watch = watchChild(pid, startedAt, arriving, guard);
        },
        drawn: () => arriving.drawn(),
        sign: (sign) => watch?.note(sign),
      });
      const which = superviseChild(
        terminal,
        () => spawn(plan),
        {
          ...listeners,
          stopped: caught(() => course.stopped()),
          ended: caught((ending) => {
            isLiving = false;
            lastEnding = ending;
            course.ended(ending);
          }),
        },
        child?.takesPastes(),
      );
      child = which;
      const arriving = awaitArrival({
        hasPrompt: guard !== undefined && rotation.prompt() !== '',
        timers,
        readRefusal: which.refusal,
        asksToSignIn: which.asksToSignIn,
        isAsking: () => which.dialogSince() !== undefined,
        ready: () => dispatch({ name: 'child-ready' }),
        unsettled: () => dispatch({ name: 'unsettled' }),
        refused: () => dispatch({ name: 'refused' }),
        signInAsked: (isStill) => void seekLogin(which, isStill).catch(fail),
      });
      arrival = arriving;
    }

    function spawn(plan: ChildPlan): PtyChild {
      const spawned = retryNow(() => parts.spawn(plan));
      isLiving = true;
      return spawned;
    }

    function watchChild(
      pid: number,
      startedAt: number,
      arrival: Arrival,
      guard: SuccessorGuard | undefined,
    ): TurnWatch {
      return createTurnWatch({
        follower: follow(pid, startedAt, answeredFor, undefined, clock.ahead),
        now: clock.now,
        ...guarded<Omit<WatchOptions, 'follower' | 'now'>>({
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
            if (limits === undefined || thread === undefined) return;
            void considerMoving(limits, thread).catch(fail);
          },
          bound(current) {
            thread = current;
            const copyOf = rotation.originalOf(current.id);
            parts.noteThread({ ...current, ...(copyOf === undefined ? {} : { copyOf }) });
            log({ type: 'bound', thread: current.id, target: desk.target });
            arrival.bound();
            guard?.bound();
          },
        }),
      });
    }

    async function seekProof(): Promise<void> {
      const asked = watch;
      const [found] = await Promise.all([
        asked?.seek().catch(() => undefined),
        desk.review(thread?.cwd),
      ]);
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
        terminal.write(`\r\n${ERASE_BELOW}${toPlainText(line)}\r\n${alert}`);
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
      course.continued();
    }

    /** A stopped job that nobody can bring back must not stay for ever. */
    function loseTerminal(error: unknown): void {
      child?.signal('SIGTERM');
      fail(error);
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
      course.signalled(signal, number);
    });

    function tellSummary(): void {
      for (const line of [stranded ?? exhaustion.summary(), bug]) {
        if (line !== undefined) tell(line);
      }
    }

    function leave(): void {
      stopLooking();
      stopRelaying();
      takeNetAway();
    }

    function stopLooking(): void {
      timers.cancel();
      for (const stop of [exhaustion.abandon, () => watch?.close()]) {
        try {
          stop();
        } catch {
          // It may be what has failed.
        }
      }
    }

    // An error of ours is told when the terminal is the user's again. Until then the child is all that matters.
    fail = (error) => {
      if (course !== watched) return;
      course = passThrough({
        terminal,
        child: child as SupervisedChild,
        suspend: () => void suspend().catch(loseTerminal),
        finish,
      });
      bug = describeError(error, parts.report).text;
      stopLooking();
      if ('evidence' in state && state.evidence.threadId !== undefined) {
        stranded = tellResumeByHand(state.evidence.threadId);
      }
      if (!isLiving) {
        // The child before was ended by us, for a handoff that has come to nothing.
        return course.ended('evidence' in state ? { kind: 'exited', code: 1 } : lastEnding);
      }
      try {
        gate.release();
      } catch {
        // What was held is lost with the gate.
      }
    };

    function finish(ending: Ending): void {
      void flush()
        .catch(() => undefined)
        .then(() => {
          terminal.restore();
          leave();
          tellSummary();
          resolve(ending);
        });
    }

    const takeNetAway = net((error) => fail(error));
    try {
      for (const effect of begun.effects) perform(effect);
    } catch (error) {
      if (!isLiving) {
        leave();
        return reject(new NotStartedError(error));
      }
      fail(error);
    }
    terminal.onInput(caught((chunk) => course.input(chunk)));
    terminal.onDrain(() => child?.drained());
    terminal.onResize((size) => child?.resize(size));
    terminal.onHangup(caught(() => course.hungUp()));
    terminal.enterRaw();
  });
}

function tellOnStderr(line: string): void {
  process.stderr.write(`${toPlainText(line)}\n`);
}

function unreachable(effect: never): never {
  throw new Error(`unknown effect: ${JSON.stringify(effect)}`);
}
