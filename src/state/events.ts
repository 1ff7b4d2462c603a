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

/** Adds one line to the event log (0600). Never throws: the log serves the session, not the other way round. */
export function appendEvent(paths: Paths, event: HotswapEvent): void {
  try {
    appendLine(paths.eventsFile, `${JSON.stringify(event)}\n`);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') return;
    try {
      ensurePrivateDir(dirname(paths.eventsFile));
      appendLine(paths.eventsFile, `${JSON.stringify(event)}\n`);
    } catch {
      // Nothing to write to: going on matters more.
    }
  }
}

// One write(2) with O_APPEND: lines of several sessions never mix.
function appendLine(file: string, line: string): void {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  // A named pipe in its place would keep us waiting for a reader.
  const flags = O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK;
  const fd = openSync(file, flags, 0o600);
  try {
    const { size } = fstatSync(fd);
    if (size === 0) fchmodSync(fd, 0o600);
    writeSync(fd, line);
    if (size > ROTATE_AT_BYTES) renameSync(file, `${file}.1`);
  } finally {
    closeSync(fd);
  }
}
