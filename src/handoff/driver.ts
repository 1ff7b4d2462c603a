import type { Agent } from './agents.ts';
import type { ChildPlan, EffectOf } from './effects.ts';
import type { Finding, Source } from './events.ts';
import type { SessionThread } from './session-thread.ts';

/**
 * Runs the child of a session: in a pty on the user's terminal (session/tui), on the user's own stdin and stdout
 * (session/exec), or behind the relay of a client (session/app-server). A driver carries out effects and reports events. It
 * makes no decision.
 */
export interface Driver {
  /** Carries out an effect at once. May throw for the first child only: a later one reports `start-failed`. */
  perform(effect: DriverEffect): void;
  /**
   * Reads why the work of the child has stopped. @param source the sign.
   * @returns undefined when the child that the question is about has ended.
   */
  seekProof(source: Source): Promise<Finding | undefined>;
  /** Makes the overlay ready, and plans a child for the thread. @returns undefined when a command cannot be resumed. */
  planResume(thread: SessionThread, prompt: string): Promise<ChildPlan | undefined>;
  /** The same for the user's own command line. @returns undefined when a command cannot be run again. */
  planAgain(): Promise<ChildPlan | undefined>;
  /** Begins to end the child. @returns the names of the background commands and the agents that end with it. */
  stopChild(): { names: readonly string[]; agents: readonly Agent[] };
  signalChild(signal: NodeJS.Signals): void;
  /** A successor was refused. The keys that it was given wait for the next successor. */
  keepUnsentInput(): void;
  /** Calls back at the next key, once. Undefined takes the listener away. */
  onNextKey(listener: (() => void) | undefined): void;
  /** Resolves when the terminal has taken everything. */
  flush(): Promise<void>;
}

/** The effects on the child and on the terminal that have no answer. */
export type DriverEffect = EffectOf<
  | 'start'
  | 'hold-input'
  | 'release-input'
  | 'release-output'
  | 'suspend-ourselves'
  | 'undo-modes'
  | 'tell'
  | 'set-title'
  | 'restore-terminal'
  | 'exit'
>;
