import type { listBackgroundCommands } from '../../codex/background-commands.ts';
import type { HandoffAccounts } from '../../handoff/accounts.ts';
import type { ChildPlan } from '../../handoff/effects.ts';
import type { Handoffs, TracedStep } from '../../handoff/perform.ts';
import type { SessionThread } from '../../handoff/session-thread.ts';
import type { Ending } from '../../handoff/states.ts';
import type { Timers } from '../../handoff/timers.ts';
import type { Patience } from '../../handoff/wait-for-reset.ts';
import type { PtyChild } from '../../pty/spawn.ts';
import type { Logged } from '../../state/events.ts';
import type { catchUncaught } from '../../state/uncaught-errors.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { Alert } from '../alert.ts';
import type { relaySignals } from '../signals.ts';
import type { EarlyHandoff } from './early-handoff.ts';
import type { followThreads } from './follow-threads.ts';
import type { InputGate } from './input-gate.ts';
import type { ObservedChild } from './observed-child.ts';
import type { Course } from './pass-through.ts';
import type { SessionClock } from './session-clock.ts';
import type { TurnWatch } from './turn-watch.ts';

export interface TuiSessionParts {
  terminal: Terminal;
  spawn(plan: ChildPlan): PtyChild;
  firstPlan: ChildPlan;
  /** Makes the overlay ready once more, and plans a child that goes on with exactly this thread. */
  resumePlan(thread: SessionThread, prompt?: string): Promise<ChildPlan>;
  /** The prompt of a resumed thread; '' for none. */
  prompt: string;
  /** Called with the pid of each child, so that the overlay stays leased while the child lives. */
  noteChild(pid: number): void;
  /** Called with each thread that a child works on. */
  noteThread(thread: SessionThread & { copyOf?: string }): void;
  accounts: HandoffAccounts;
  /** How many accounts there are: the bound on handoffs. */
  accountCount: number;
  log(event: Logged): void;
  /** Draws attention to a handoff, and to a limit of all accounts. */
  alert: Alert;
  /** How to wait for the first account to come back, when every account is at its limit. Undefined: no wait. */
  wait?: Patience;
  /** Gets every step, for CODEX_HOTSWAP_DEBUG. */
  trace?: ((step: TracedStep) => void) | undefined;
  /** Where the session meets the system, for tests: rollouts and commands of a child, signals, uncaught errors, stderr. */
  follow?: typeof followThreads;
  relay?: typeof relaySignals;
  net?: typeof catchUncaught;
  listCommands?: typeof listBackgroundCommands;
  tell?(line: string): void;
  /** Keeps a bug of ours, and says where in one line. */
  report?(error: unknown): string;
}

/** What the parts of a session on a terminal share. The facts that a handoff decides on are in `handoffs.state()`. */
export interface TuiSession {
  readonly parts: TuiSessionParts;
  readonly timers: Timers;
  readonly clock: SessionClock;
  gate: InputGate;
  handoffs: Handoffs;
  early: EarlyHandoff;
  /** What happens at events from outside: they go to the session, or after an error of ours to pass-through. */
  course: Course;
  /** The child that runs, or the one that ran last. */
  observed: ObservedChild | undefined;
  /** The watch of the child that is being ended. Its record tells which prompts were lost. */
  leaving: TurnWatch | undefined;
  /** A signal came, so the end does not wait for a stalled terminal. */
  isHurried: boolean;
  /** After an error of ours. Nothing is observed any more. */
  isBroken: boolean;
  fail(error: unknown): void;
  /** Ends the observing of the child, and every wait. */
  stopLooking(): void;
  /** Ends the session: its promise resolves. @param lines for stderr. */
  finish(ending: Ending, lines: readonly string[]): void;
}
