import type { RateLimits } from '../../codex/rollout.ts';
import type { OpenThread } from '../../codex/thread-files.ts';
import type { HandoffAccounts } from '../../handoff/accounts.ts';
import type { ChildPlan, StartEffect } from '../../handoff/effects.ts';
import type { Handoffs, TracedStep } from '../../handoff/perform.ts';
import type { SessionThread } from '../../handoff/session-thread.ts';
import type { Ending } from '../../handoff/states.ts';
import type { Patience } from '../../handoff/wait-for-reset.ts';
import type { Logged } from '../../state/events.ts';
import type { ExecChild } from './exec-child.ts';
import type { KeptInput } from './kept-input.ts';

export interface ExecSessionParts {
  firstPlan: ChildPlan;
  /** How to go on with exactly this thread; undefined when this command can only be run again. */
  resumePlan(thread: SessionThread): Promise<ChildPlan | undefined>;
  /** The user's own command line once more. */
  againPlan(): Promise<ChildPlan>;
  input: KeptInput;
  /**
   * A review, or a run that keeps no record: only ever done as a whole. Of a review up to 0.144 the record says nothing
   * about a limit, for its sub-agent met it (fact 92).
   */
  asAWhole: boolean;
  /** The id of the thread that the command line names; `new` when it begins one; undefined when that is not known. */
  threadAskedFor: string | undefined;
  /** Asks the service about the account that just failed; only where no record tells. */
  askLimits(): Promise<RateLimits | undefined>;
  /** For a child whose thread was not seen while it lived: its thread, `none`, or `unknown` when there are several. */
  searchThread(startedAtMs: number): Promise<OpenThread | 'none' | 'unknown'>;
  noteChild(pid: number): void;
  /** `copyOf`: the thread that this one goes on with, where another account may not read that. */
  noteThread(thread: SessionThread & { copyOf?: string }): void;
  accounts: HandoffAccounts;
  /** How many accounts there are: the bound on handoffs. */
  accountCount: number;
  /** SIGHUP is not for Codex, which is started with it ignored. */
  ignoresHangup?: boolean;
  log(event: Logged): void;
  /** When every account is at its limit, the first to come back is waited for. */
  wait?: Patience;
  /** Gets every step, for CODEX_HOTSWAP_DEBUG. */
  trace?: ((step: TracedStep) => void) | undefined;
  /** One line for the user's stderr. */
  say(line: string): void;
  /** The same for a handoff, and for the end of all accounts, with what draws attention to it. */
  announce(line: string): void;
  /** Keeps a bug of ours, and says where in one line. */
  report?(error: unknown): string;
}

/** What the parts of a `codex exec` share. What a handoff decides on is not here but in `handoffs.state()`. */
export interface ExecSession {
  readonly parts: ExecSessionParts;
  handoffs: Handoffs;
  /** The child that runs, or the one that ran last. */
  started: StartedChild | undefined;
  /** An error of ours, in one line: the child that runs is the last, and nothing of it is looked at. */
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
  /** Undefined while it lives. */
  ending: Ending | undefined;
}
