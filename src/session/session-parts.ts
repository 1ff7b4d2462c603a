import type { HandoffParts } from '../handoff/perform.ts';

/** The parts of a session on a terminal and of a command alike. */
export interface SessionParts
  extends Omit<HandoffParts, 'driver' | 'timers' | 'failed' | 'isInteractive' | 'prompt'> {
  /** Gets the process id of each child, so that the overlay stays leased while the child lives. */
  recordChild(pid: number): void;
  /** Keeps a bug of ours, and says where in one line. */
  report?(error: unknown): string;
}
