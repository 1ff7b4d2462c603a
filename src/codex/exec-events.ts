/** What a line of `codex exec --json` is, as far as we have to know. */
export type EventKind =
  | 'thread-started'
  | 'turn-started'
  | 'turn-completed'
  | 'turn-failed'
  /** The turn fails, as a rule. A dropped stream, after which Codex tries again, is `other`. */
  | 'error'
  | 'item'
  | 'other';

/** So many bytes tell what a line is. A shorter line tells it at its end. */
export const EVENT_HEAD_BYTES = 96;

/**
 * Reads the kind of a line from its beginning (fact 122): Codex writes the type first. Nothing is parsed, because a line
 * may have many megabytes.
 * @param head the first {@link EVENT_HEAD_BYTES} bytes of the line as Latin-1, or the whole line when it is shorter.
 */
export function readEventKind(head: string): EventKind {
  if (!head.startsWith(TYPE)) return 'other';
  switch (head.charCodeAt(TYPE.length)) {
    case LETTER_I:
      return head.startsWith('item.', TYPE.length) ? 'item' : 'other';
    case LETTER_T:
      return TURN_AND_THREAD.find(([name]) => head.startsWith(name, TYPE.length))?.[1] ?? 'other';
    case LETTER_E:
      return head.startsWith('error"', TYPE.length) && !head.startsWith(RETRY) ? 'error' : 'other';
    default:
      return 'other';
  }
}

/** The number in `item_7`, and its place in the line. Each process counts its items from 0 on (fact 123). */
export function readItemNumber(
  head: string,
): { number: number; from: number; to: number } | undefined {
  const found = ITEM.exec(head);
  if (found === null) return undefined;
  const [text, digits = ''] = found;
  // The quote after the digits is a part of the match.
  const to = text.length - 1;
  return { number: Number(digits), from: to - digits.length, to };
}

/** The id of the thread in a `thread.started`, and its place in the line. */
export function readStartedThread(
  head: string,
): { id: string; from: number; to: number } | undefined {
  const [text, id] = STARTED.exec(head) ?? [];
  if (text === undefined || id === undefined) return undefined;
  return { id, from: text.length - id.length, to: text.length };
}

const TYPE = '{"type":"';
const [LETTER_I, LETTER_T, LETTER_E] = [0x69, 0x74, 0x65];
const TURN_AND_THREAD: readonly (readonly [string, EventKind])[] = [
  ['thread.started"', 'thread-started'],
  ['turn.started"', 'turn-started'],
  ['turn.completed"', 'turn-completed'],
  ['turn.failed"', 'turn-failed'],
];
const RETRY = '{"type":"error","message":"Reconnecting... ';
const STARTED = /^\{"type":"thread\.started","thread_id":"([\da-f-]{36})/;
const ITEM = /^\{"type":"item\.(?:started|updated|completed)","item":\{"id":"item_(\d{1,9})"/;
