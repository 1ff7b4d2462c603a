import type { RateLimits } from '../../codex/rollout.ts';
import type { OpenThread } from '../../codex/thread-files.ts';
import type { ChildPlan, StartEffect } from '../../handoff/effects.ts';
import type { Handoffs } from '../../handoff/perform.ts';
import type { SessionThread } from '../../handoff/session-thread.ts';
import type { Ending } from '../../handoff/states.ts';
import type { SessionParts } from '../session-parts.ts';
import type { LifeLine } from './end-with-us.ts';
import type { EventOutput } from './event-output.ts';
import type { ExecChild } from './exec-child.ts';
import type { KeptInput } from './kept-input.ts';

export interface ExecSessionParts extends SessionParts {
  /** Plans a child that goes on with exactly this thread. Undefined: this command can only be run again. */
  resumePlan(thread: SessionThread, prompt: string): Promise<ChildPlan | undefined>;
  /** Plans a child with the user's own command line. */
  againPlan(): Promise<ChildPlan>;
  input: KeptInput;
  /** The way of the lines of `--json`. Undefined without that option: then the children have the user's own stdout. */
  output?: EventOutput;
  /** The prompt of a resumed thread. */
  prompt: string;
  /** The home with the rollouts. */
  sharedHome: string;
  /**
   * The command is a review, or it keeps no record. It is run again, and never resumed. Up to 0.144 the record of a review
   * has no limit, because a sub-agent met the limit (fact 92).
   */
  isNeverResumed: boolean;
  /** The id of the thread in the command line; `new` when the command begins a thread; undefined when we do not know. */
  requestedThread: string | undefined;
  /** Asks the service for the usage of the account that has just failed. Called only when the record proves nothing. */
  askLimits(): Promise<RateLimits | undefined>;
  /** Searches the thread of a child that ended before its thread was found. `unknown`: several threads are possible. */
  searchThread(startedAtMs: number): Promise<OpenThread | 'none' | 'unknown'>;
  /** Ends the child when this process is killed. */
  lifeLine?: LifeLine;
  /** Codex is started with SIGHUP ignored. */
  ignoresHangup?: boolean;
  /** One line for the user's stderr. */
  say(line: string): void;
  /** The same with bell and notification, for a handoff and for a limit of all accounts. */
  announce(line: string): void;
}

/** The state that the parts of a `codex exec` share. The facts for a handoff's decisions are in `handoffs.state()`. */
export interface ExecSession {
  readonly parts: ExecSessionParts;
  handoffs: Handoffs;
  /** The child that runs, or the one that ran last. */
  started: StartedChild | undefined;
  /** An error of ours, in one line. The child that runs is the last one then, and its record is not read. */
  bug: string | undefined;
  fail(error: unknown): void;
  /** The first child could not be started. */
  giveUp(error: unknown): void;
  /** Ends the session: its promise resolves. @param lines for stderr. */
  finish(ending: Ending, lines: readonly string[]): void;
}

export interface StartedChild {
  child: ExecChild;
  start: StartEffect;
  /** Epoch milliseconds. */
  startedAt: number;
  /** What was found at the end of a child whose thread nobody had seen. `unknown`: several threads are possible. */
  unseen: OpenThread | 'none' | 'unknown';
  /** Undefined while the child lives. */
  ending: Ending | undefined;
}
