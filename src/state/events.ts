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
import { ensurePrivateDir, errnoOf } from './files.ts';
import type { Paths } from './paths.ts';

/** What happened, for `codex-hotswap log`. No tokens, no prompts, no text of the conversation. */
export type HotswapEvent = EventBase &
  (
    | { type: 'launch'; mode: 'interactive' | 'exec'; target: string; slot: number; cwd?: string }
    | { type: 'bound'; thread: string; target: string }
    | { type: 'suspected'; thread?: string; source: string; kind?: string }
    | { type: 'confirmed'; thread?: string; target: string; kind: string; until: number | null }
    | { type: 'unconfirmed'; thread?: string; source: string; kind?: string; reason?: string }
    | { type: 'rotated'; thread?: string; from: string; to: string; kind: string }
    /** Before the limit: `left` is in percent, of the window of that length. */
    | (EarlyMove & { type: 'rotated'; thread?: string; from: string; to: string })
    | { type: 'exhausted'; target: string; earliest?: { target: string; until: number } }
    /** The first account to come back is waited for; `until` is when it is asked, epoch seconds. */
    | { type: 'waiting'; target: string; until: number }
    | { type: 'waited'; target: string; outcome: 'back' | 'ended' | 'gave-up'; reason?: string }
    /** Another account goes on with a copy of a thread that it may not read as it is. */
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

interface EarlyMove {
  kind: 'low';
  left: number;
  minutes?: number;
}

interface EventBase {
  /** ISO 8601, UTC. */
  at: string;
  /** The launch it belongs to: the name of its record in the session registry. */
  launch?: string;
}

const ROTATE_AT_BYTES = 4 * 1024 * 1024;

/** An event without its time, which the log adds. */
export type Logged = HotswapEvent extends infer E
  ? E extends unknown
    ? Omit<E, 'at'>
    : never
  : never;

/** Lines that could not be written, by file: they go before the next one. */
const unwritten = new Map<string, string[]>();
const MAX_UNWRITTEN = 200;

/**
 * Adds one line to the event log (0600). Never throws: the log serves the session, not the other way round. What cannot
 * be written is kept, the newest 200 lines of it, and written with the next event.
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
    try {
      ensurePrivateDir(dirname(file));
      appendText(file, text);
      return true;
    } catch {
      return false;
    }
  }
}

// One write(2) with O_APPEND: lines of several sessions never mix.
function appendText(file: string, text: string): void {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  // A named pipe in its place would keep us waiting for a reader.
  const flags = O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK;
  const fd = openSync(file, flags, 0o600);
  try {
    const { size } = fstatSync(fd);
    if (size === 0) fchmodSync(fd, 0o600);
    writeSync(fd, text);
    if (size > ROTATE_AT_BYTES) rotate(file);
  } finally {
    closeSync(fd);
  }
}

/** The lines are written by now: a log that cannot be turned over goes on. */
function rotate(file: string): void {
  try {
    renameSync(file, `${file}.1`);
  } catch {
    // It is tried again with the next event.
  }
}
