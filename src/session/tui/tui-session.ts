import type { listBackgroundCommands } from '../../codex/background-commands.ts';
import type { ChildPlan } from '../../handoff/effects.ts';
import type { Handoffs } from '../../handoff/perform.ts';
import type { SessionThread } from '../../handoff/session-thread.ts';
import type { Ending } from '../../handoff/states.ts';
import type { Timers } from '../../handoff/timers.ts';
import type { PtyChild } from '../../pty/spawn.ts';
import type { catchUncaught } from '../../state/uncaught-errors.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { Alert } from '../alert.ts';
import type { SessionParts } from '../session-parts.ts';
import type { relaySignals } from '../signals.ts';
import type { EarlyHandoff } from './early-handoff.ts';
import type { followThreads } from './follow-threads.ts';
import type { HeldOutput } from './held-output.ts';
import type { InputGate } from './input-gate.ts';
import type { ObservedChild } from './observed-child.ts';
import type { SessionClock } from './session-clock.ts';
import type { TurnWatch } from './turn-watch.ts';
import type { TitleSetting, WindowTitle } from './window-title.ts';

export interface TuiSessionParts extends SessionParts {
  terminal: Terminal;
  spawn(plan: ChildPlan): PtyChild;
  /** Makes the overlay ready once more, and plans a child that goes on with this thread. */
  resumePlan(thread: SessionThread, prompt?: string): Promise<ChildPlan>;
  /** The same for the user's own command line. */
  againPlan(): Promise<ChildPlan>;
  /** The prompt of a resumed thread; '' for none. */
  prompt: string;
  /** Draws attention to a handoff, and to a limit of all accounts. */
  alert: Alert;
  /** Whether the window's title has the account. */
  title: TitleSetting;
  /** Replaced in tests: rollouts and commands of a child, signals, uncaught errors, stderr. */
  follow?: typeof followThreads;
  relay?: typeof relaySignals;
  onUncaught?: typeof catchUncaught;
  listCommands?: typeof listBackgroundCommands;
  tell?(line: string): void;
}

/** The handlers of events from the user, the system and the child. */
export interface EventHandlers {
  input(chunk: Buffer): void;
  signalled(signal: NodeJS.Signals, number: number): void;
  hungUp(): void;
  /** The child has stopped (Ctrl-Z). */
  stopped(): void;
  /** The child goes on after `fg`, and so do we. */
  continued(): void;
  ended(ending: Ending): void;
}

/** The state that the parts of a session on a terminal share. The facts for a handoff's decisions are in `handoffs.state()`. */
export interface TuiSession {
  readonly parts: TuiSessionParts;
  readonly timers: Timers;
  readonly clock: SessionClock;
  readonly title: WindowTitle;
  /** Everything that goes to the terminal goes this way. */
  readonly output: HeldOutput;
  gate: InputGate;
  handoffs: Handoffs;
  earlyHandoff: EarlyHandoff;
  /** Events go to the handoffs. After an error of ours they go straight to the child or the terminal. */
  handlers: EventHandlers;
  /** The child that runs, or the child that ran last. */
  observed: ObservedChild | undefined;
  /** The watch of the child that we have stopped. Its record tells which prompts were lost. */
  stoppedWatch: TurnWatch | undefined;
  /** After a signal. The end does not wait for a stalled terminal then. */
  isHurried: boolean;
  /** After an error of ours. Nothing is observed any more. */
  isBroken: boolean;
  fail(error: unknown): void;
  /** Ends the observing of the child, and every wait. */
  stopObserving(): void;
  /** Ends the session: its promise resolves. @param lines for stderr. */
  finish(ending: Ending, lines: readonly string[]): void;
}
