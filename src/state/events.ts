import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { attempt } from './attempt.ts';
import { ensurePrivateDir, errnoOf } from './files.ts';
import type { Paths } from './paths.ts';

/** One entry of `codex-hotswap log`. It has no token, no prompt and no text of the conversation. */
export type HotswapEvent = EventBase &
  (
    | {
        type: 'launch';
        mode: 'interactive' | 'exec' | 'app-server';
        target: string;
        slot: number;
        cwd?: string;
      }
    /** The program that an app-server serves, as it names itself. */
    | { type: 'client'; name: string }
    | { type: 'bound'; thread: string; target: string }
    | { type: 'suspected'; thread?: string; source: string; kind?: string }
    | { type: 'confirmed'; thread?: string; target: string; kind: string; until: number | null }
    /** The turn of a sub-agent met the limit. `agent`: the id of its thread; `thread`: that of the session. */
    | AgentRefusal
    | { type: 'unconfirmed'; thread?: string; source: string; kind?: string; reason?: string }
    | { type: 'rotated'; thread?: string; from: string; to: string; kind: string }
    /** Before the limit: `left` percent of the window of `minutes`. */
    | (EarlyMove & { type: 'rotated'; thread?: string; from: string; to: string })
    | { type: 'exhausted'; target: string; earliest?: { target: string; until: number } }
    /** The session waits for this account, and asks it at `until`, epoch seconds. */
    | { type: 'waiting'; target: string; until: number }
    | { type: 'waited'; target: string; outcome: 'back' | 'ended' | 'gave-up'; reason?: string }
    /** The account may not read the thread `from`, so it goes on with the copy `to`. */
    | { type: 'copied'; target: string; from: string; to: string }
    | { type: 'resumed'; thread?: string; target: string; milliseconds?: number }
    | { type: 'retry'; thread?: string; reason: string; attempt: number }
    | { type: 'needs-login'; target: string; reason?: string }
    | { type: 'refreshed'; target: string; milliseconds: number }
    | { type: 'refresh-failed'; target: string; reason: string }
    | { type: 'ended'; status: string; target?: string; thread?: string }
    | { type: 'reclaimed'; slot: number; pid: number }
    | { type: 'adopted'; slot: number; entry: string; outcome: string; backup?: string }
    | { type: 'set-aside'; file: string; reason: string }
    | { type: 'notice'; message: string }
  );

interface AgentRefusal {
  type: 'agent-refused';
  agent: string;
  agentName?: string;
  thread?: string;
  target: string;
  kind: string;
  until: number | null;
}

interface EarlyMove {
  kind: 'low';
  left: number;
  minutes?: number;
}

interface EventBase {
  /** ISO 8601, UTC. */
  at: string;
  /** The name of the launch's record in the session registry. */
  launch?: string;
}

const ROTATE_AT_BYTES = 4 * 1024 * 1024;

/** An event before the log adds its time. */
export type Logged = HotswapEvent extends infer E
  ? E extends unknown
    ? Omit<E, 'at'>
    : never
  : never;

/** Lines that could not be written, by file. The next event writes them first. */
const unwritten = new Map<string, string[]>();
const MAX_UNWRITTEN = 200;

/**
 * Adds one line to the event log (0600). Never throws, because a session must not fail for its log. A line that cannot be
 * written is kept (the newest 200) and written with the next event.
 */
export function appendEvent(paths: Paths, event: HotswapEvent): void {
  const file = paths.eventsFile;
  const lines = [...(unwritten.get(file) ?? []), `${JSON.stringify(event)}\n`];
  if (appendLines(file, lines.join(''))) unwritten.delete(file);
  else unwritten.set(file, lines.slice(-MAX_UNWRITTEN));
}

function appendLines(file: string, text: string): boolean {
  try {
    appendText(file, text);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') return false;
    const isWritten = attempt(() => {
      ensurePrivateDir(dirname(file));
      appendText(file, text);
      return true;
    });
    return isWritten ?? false;
  }
}

// One write(2) with O_APPEND, so the lines of several sessions never mix.
function appendText(file: string, text: string): void {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  // O_NONBLOCK: open(2) of a named pipe would wait for a reader.
  const flags = O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK;
  const fd = openSync(file, flags, 0o600);
  try {
    const { size } = fstatSync(fd);
    if (size === 0) fchmodSync(fd, 0o600);
    writeSync(fd, text);
    // A rotation that fails is tried again with the next event.
    if (size > ROTATE_AT_BYTES) attempt(() => renameSync(file, `${file}.1`));
  } finally {
    closeSync(fd);
  }
}
