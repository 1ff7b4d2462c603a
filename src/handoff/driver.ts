import type { ChildPlan, StartEffect } from './effects.ts';
import type { Finding, Source } from './events.ts';
import type { SessionThread } from './session-thread.ts';
import type { Ending } from './states.ts';

/**
 * Runs the child of a session: in a pty on the user's terminal (session/tui), or on the user's own stdin and stdout
 * (session/exec). A driver carries out effects and reports events. It makes no decision.
 */
export interface Driver {
  /** May throw for the first child only. Of a later one it reports `start-failed`. */
  startChild(start: StartEffect): void;
  /**
   * Reads why the work of the child has stopped. @param source the sign.
   * @returns undefined when the child that was asked about has ended, and so has the question.
   */
  seekProof(source: Source): Promise<Finding | undefined>;
  /** Makes the overlay ready, and plans a child for the thread. @returns undefined when a command cannot be resumed. */
  planResume(thread: SessionThread, prompt: string): Promise<ChildPlan | undefined>;
  /** The same for the user's own command line. @returns undefined when a command cannot be run again. */
  planAgain(): Promise<ChildPlan | undefined>;
  recordThread(thread: SessionThread, copyOf: string | undefined): void;
  /** Begins to end the child. @returns the names of the background commands that end with it. */
  stopChild(): readonly string[];
  signalChild(signal: NodeJS.Signals): void;
  /** Stops the whole job (Ctrl-Z), and continues it after `fg`. */
  suspend(): void;
  holdInput(): void;
  releaseInput(): void;
  /** A successor was refused: keys that it was given wait for the next one. */
  keepUnsentInput(): void;
  /** Calls back at the next key, once; undefined: no longer. */
  onNextKey(typed: (() => void) | undefined): void;
  undoModes(before: 'successor' | 'end'): void;
  /** One line for the user. @param isUrgent with bell and notification. */
  tell(line: string, isUrgent: boolean): void;
  /** @param alert the line that draws attention to the title. */
  setTitle(title: string, alert?: string): void;
  /** Resolves when the terminal has taken everything. */
  flush(): Promise<void>;
  restoreTerminal(): void;
  /** The session has ended. @param lines for stderr. */
  exit(ending: Ending, lines: readonly string[]): void;
}
