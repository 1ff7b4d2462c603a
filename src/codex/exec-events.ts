import { MAX_LENGTH, readText } from './bounds.ts';
import { parseJson, readObject } from './json.ts';

/**
 * The lines of `codex exec --json`, one event a line. Codex writes the type of an event first, and the id of its item or thread
 * next (fact 122). So the beginning of a line tells what we have to know. No line is parsed: it may have many megabytes, and a
 * command may print 100,000 lines in a second.
 */
export type ExecEvent =
  | { kind: 'turn-started' | 'turn-completed' | 'turn-failed' }
  /** An error, as a rule the one that ends the turn. Codex also tells one before it tries again: that is `other`. */
  | { kind: 'error' }
  /** `from` and `to`: the place of the id in the line. */
  | { kind: 'thread-started'; id: string; from: number; to: number }
  /** The number in `item_7`, and its place in the line. Each process counts its items from 0 on. */
  | { kind: 'item'; number: number; from: number; to: number; tellsEndOfReview: boolean }
  | { kind: 'other' };

/** So many bytes tell what a line is. A shorter line tells it at its end. */
export const EVENT_HEAD_BYTES = 96;

/** Reads the event of the line that begins at `at` and has at least {@link EVENT_HEAD_BYTES} bytes, or else ends at `end`. */
export function readExecEvent(bytes: Buffer, at: number, end: number): ExecEvent {
  if (!beginsWith(bytes, at, end, TYPE)) return OTHER;
  const [from, rest] = [at + TYPE.length, bytes[at + TYPE.length]];
  if (rest === LETTER_I) return readItem(bytes, at, end);
  if (rest === LETTER_T) return readTurnOrThread(bytes, at, end);
  if (rest !== LETTER_E || !beginsWith(bytes, from, end, ERROR)) return OTHER;
  return beginsWith(bytes, from + ERROR.length, end, RETRY) ? OTHER : { kind: 'error' };
}

const TYPE = Buffer.from('{"type":"');
const [LETTER_E, LETTER_I, LETTER_T] = [0x65, 0x69, 0x74];
const OTHER: ExecEvent = { kind: 'other' };
const ERROR = Buffer.from('error"');
const RETRY = Buffer.from(',"message":"Reconnecting... ');
const ITEMS = ['completed', 'started', 'updated'].map((what) =>
  Buffer.from(`{"type":"item.${what}","item":{"id":"item_`),
);
/** The message of an `error` or a `turn.failed`. @param lines the first of them counts. */
export function readErrorMessage(lines: Buffer): string | undefined {
  const [line = ''] = lines.toString('utf8').split('\n', 1);
  const event = readObject(parseJson(line));
  const error = event?.type === 'turn.failed' ? readObject(event.error) : event;
  return readText(error?.message, MAX_LENGTH.message);
}

/** Codex tells it between the error and the end of the turn, and adds that the user should review again (fact 142). */
const END_OF_REVIEW = Buffer.from('","type":"agent_message","text":"Review was ');
const [ZERO, NINE, QUOTE] = [0x30, 0x39, 0x22];
/** A number of more digits is none of Codex. */
const MOST_DIGITS = 9;

function readItem(bytes: Buffer, at: number, end: number): ExecEvent {
  const beginning = ITEMS.find((item) => beginsWith(bytes, at, end, item));
  if (beginning === undefined) return OTHER;
  const from = beginning.length;
  let [to, number] = [from, 0];
  for (; to < from + MOST_DIGITS && at + to < end; to += 1) {
    const digit = bytes[at + to] as number;
    if (digit < ZERO || digit > NINE) break;
    number = number * 10 + digit - ZERO;
  }
  if (to === from || bytes[at + to] !== QUOTE) return OTHER;
  const tellsEndOfReview = beginsWith(bytes, at + to, end, END_OF_REVIEW);
  return { kind: 'item', number, from, to, tellsEndOfReview };
}

function readTurnOrThread(bytes: Buffer, at: number, end: number): ExecEvent {
  const head = bytes.toString('latin1', at, Math.min(end, at + EVENT_HEAD_BYTES));
  const turn = TURN.exec(head)?.[1];
  if (turn !== undefined) return { kind: `turn-${turn as 'started' | 'completed' | 'failed'}` };
  const [text, id] = THREAD.exec(head) ?? [];
  if (text === undefined || id === undefined) return OTHER;
  return { kind: 'thread-started', id, from: text.length - id.length, to: text.length };
}

const TURN = /^\{"type":"turn\.(started|completed|failed)"/;
const THREAD = /^\{"type":"thread\.started","thread_id":"([\w-]{1,50})/;

function beginsWith(bytes: Buffer, at: number, end: number, word: Buffer): boolean {
  if (at + word.length > end) return false;
  for (let index = 0; index < word.length; index += 1) {
    if (bytes[at + index] !== word[index]) return false;
  }
  return true;
}
