import type { Readable, Writable } from 'node:stream';
import type { ChildPlan, StartEffect } from '../../handoff/effects.ts';
import type { Handoffs } from '../../handoff/perform.ts';
import type { Ending } from '../../handoff/states.ts';
import type { Timers } from '../../handoff/timers.ts';
import type { Relay } from '../../relay/relay.ts';
import type { SessionParts } from '../session-parts.ts';
import type { EarlyHandoff } from '../tui/early-handoff.ts';
import type { Streams } from './connect-streams.ts';
import type { ServerChild } from './server-child.ts';

export interface AppServerSessionParts extends SessionParts {
  /** Plans a child with the user's own command line in the overlay. @param directory where the thread works. */
  nextPlan(directory: string | undefined): Promise<ChildPlan>;
  /**
   * The client's side: our own stdin and stdout. Asked when the first server runs: Node makes a stdin that it opens
   * non-blocking, and a real app-server that runs instead of us must have it as it was.
   */
  client(): { input: Readable; output: Writable };
  /** The prompt for a Codex that begins no turn without one. */
  prompt: string;
  /** Gets the client's name and version, bounded and made plain. */
  recordClient(name: string): void;
  /** Codex is started with SIGHUP ignored. */
  ignoresHangup?: boolean;
  /** Why a rule of the user forbids the account that works in a directory; undefined when none does. */
  forbids(directory: string | undefined): string | undefined;
  /** One line for stderr. Nothing of ours but messages of the protocol goes to stdout. */
  say(line: string): void;
}

/** The state that the parts of an app-server session share. */
export interface AppServerSession {
  readonly parts: AppServerSessionParts;
  timers: Timers;
  handoffs: Handoffs;
  relay: Relay;
  streams: Streams;
  earlyHandoff: EarlyHandoff;
  /** How many turns have begun. */
  turns: number;
  /** We got a signal. It ends a Codex whose client does not read, so no client is waited for then. */
  isSignalled: boolean;
  /** Called when the client ends a turn that waits for an account. */
  onInterrupt: (() => void) | undefined;
  /** The server that runs, or the one that ran last. */
  started: StartedServer | undefined;
  /** An error of ours, in one line. The server that runs is the last one then. */
  bug: string | undefined;
  fail(error: unknown): void;
  /** A server has ended. */
  ended(started: StartedServer, ending: Ending): void;
  /** The first server could not be started. */
  giveUp(error: unknown): void;
  /** Ends the session: its promise resolves. @param lines for stderr. */
  finish(ending: Ending, lines: readonly string[]): void;
}

export interface StartedServer {
  child: ServerChild;
  start: StartEffect;
  /** Epoch milliseconds. */
  startedAt: number;
  /** Undefined while the server lives. */
  ending: Ending | undefined;
}
