import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { useRegularFile } from '../regular-file.ts';
import { errnoOf } from './files.ts';
import { VERSION } from './package-files.ts';
import { pickFields, wordOf } from './trace-fields.ts';

/** Writes each step of a session into the file that CODEX_HOTSWAP_DEBUG names. Never throws. */
export interface DebugTrace {
  /** One step of the state machine: two names of states, the event and the effects. */
  step(entry: { state: string; event: unknown; effects: readonly unknown[]; next: string }): void;
  /** A fact that is no step of the machine. */
  note(name: string, facts: unknown): void;
}

export const MOST_TRACE_BYTES = 10_000_000;

/**
 * Opens the trace of a session: creates the file (0600), or appends to an earlier trace. A link is not followed. A file that
 * is no trace, or that belongs to another user, is never changed.
 * @param warn gets one line when the file cannot be used.
 * @returns undefined when the variable is not set, or the file cannot be used.
 */
export function openDebugTrace(
  env: NodeJS.ProcessEnv,
  now: () => Date,
  warn: (line: string) => void = () => {},
): DebugTrace | undefined {
  const { CODEX_HOTSWAP_DEBUG: file } = env;
  if (!file || file === '0') return undefined;
  try {
    const append = appendTo(openTrace(file));
    const stamp = () => ({ at: now().toISOString(), pid: process.pid });
    append(() => ({ trace: 'codex-hotswap', ...stamp(), version: VERSION, node: process.version }));
    return {
      step: ({ state, event, effects, next }) =>
        append(() => ({
          ...stamp(),
          state: wordOf(state),
          event: pickFields(event),
          effects: effects.map((effect) => pickFields(effect)),
          next: wordOf(next),
        })),
      note: (name, facts) =>
        append(() => ({ ...stamp(), note: wordOf(name), facts: pickFields(facts) })),
    };
  } catch (error) {
    const reason = errnoOf(error) ?? (error as Error).message;
    warn(`CODEX_HOTSWAP_DEBUG: ${file} cannot be written (${reason}); name a new file`);
    return undefined;
  }
}

/** @throws the errno error of opening or reading it. */
export function isDebugTrace(file: string): boolean {
  return useRegularFile(file, beginsAsTrace);
}

/** The first bytes of every trace. We do not write into a file that begins in another way. */
const HEAD = '{"trace":"codex-hotswap"';

function openTrace(file: string): number {
  const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;
  // O_NONBLOCK: open(2) of a named pipe would wait for a reader.
  const fd = openSync(file, O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const stats = fstatSync(fd);
    const { size, uid, nlink } = stats;
    if (!stats.isFile()) throw new Error('it is no regular file');
    if (uid !== process.geteuid?.() || nlink !== 1)
      throw new Error('it has another owner or a second name');
    if (size === 0) fchmodSync(fd, 0o600);
    else if (!beginsAsTrace(fd)) throw new Error('it is not a trace');
    if (size >= MOST_TRACE_BYTES) throw new Error('it is full');
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function beginsAsTrace(fd: number): boolean {
  const head = Buffer.alloc(HEAD.length);
  readSync(fd, head, 0, head.length, 0);
  return head.toString() === HEAD;
}

/** Each line is one write(2), so the lines of several sessions never mix. A line that fails is the last. */
function appendTo(fd: number): (entry: () => object) => void {
  let isOpen = true;
  return (entry) => {
    if (!isOpen) return;
    try {
      const isFull = fstatSync(fd).size >= MOST_TRACE_BYTES;
      writeSync(fd, `${JSON.stringify(isFull ? { ...STOP, pid: process.pid } : entry())}\n`);
      isOpen = !isFull;
    } catch {
      isOpen = false;
    }
  };
}

const STOP = { stopped: `the file has ${MOST_TRACE_BYTES / 1e6} MB` };
