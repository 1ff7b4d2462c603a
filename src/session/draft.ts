import type { ChildRecord } from './follow.ts';
import type { Turn } from './followed-rollout.ts';

/** What the child has of the user's words and its thread has not, as the keys that wrote them. */
export interface Draft {
  note(keys: Buffer, moment: Moment): void;
  /**
   * The keys to be typed again for the successor: prompts that wait, then the one in the composer. Only what we dare to repeat.
   * @param record of the child they were typed for, if it has any.
   */
  take(record: ChildRecord | undefined): Buffer;
  /** Nothing stands in the composer. */
  isEmpty(): boolean;
}

/** When keys came. */
export interface Moment {
  /** Epoch milliseconds. */
  at: number;
  /** As far as is known by then. Codex 0.120-0.150 tells only by its record, which is read a moment later. */
  isTurnRunning: boolean;
}

interface Prompt extends Moment {
  /** With the key that sent it. */
  keys: string;
  /** Undefined if it is none: a command, an answer. */
  text: string | undefined;
}

/**
 * Keeps the keys since the last prompt was sent, and the prompts that were sent while a turn ran: Codex queues them, and
 * the queue dies with it. Only text, pastes and line editing are repeated: Escape would interrupt the successor's turn,
 * arrows up and down would walk another history. A word shorter than three keys is more likely the answer to a dialog
 * ("y") than a prompt.
 */
export function createDraft(): Draft {
  let keys = '';
  let sent: Prompt[] = [];

  return {
    note(bytes, moment) {
      if (bytes.length === 0) return;
      keys += bytes.toString('latin1').replace(RELEASES, '');
      for (let next = cutFirstSent(keys); next !== undefined; next = cutFirstSent(keys)) {
        sent.push({ ...moment, keys: next.sent, text: textOf(next.sent) });
        if (sent.length > MOST_SENT) sent.shift();
        keys = next.rest;
      }
      if (keys.length > LIMIT) keys = POISON;
    },
    isEmpty: () => keys === '',
    take(record) {
      const isKnown = REPEATABLE.test(keys);
      const draft = isKnown && keys.length >= LEAST ? keys : '';
      const again = isKnown ? findLost(sent, record).map((prompt) => prompt.keys) : [];
      keys = '';
      sent = [];
      return Buffer.from(again.join('') + draft, 'latin1');
    },
  };
}

/** The prompts that were queued and have not become part of a thread. */
function findLost(
  sent: readonly Prompt[],
  { prompts: recorded, turns }: ChildRecord = { prompts: [], turns: [] },
): Prompt[] {
  // An idle Codex has sent its whole queue; after keys of another kind nobody knows what is left of it.
  const idle = sent.findLastIndex(
    ({ at, isTurnRunning }) => !(isTurnRunning || turns.some((turn) => isWithin(turn, at))),
  );
  const unknown = sent.findLastIndex(({ keys }) => !REPEATABLE.test(keys));
  const first = sent[idle];
  // 0.150 loses the prompt of a turn whose compaction fails. 0.169 has it in the record.
  const began = first !== undefined && isLostIn(turns, first);
  return sent
    .slice(Math.max(unknown + 1, began ? idle : idle + 1))
    .filter(({ text }) => text !== undefined && !recorded.some((said) => hasSaid(said, text)));
}

function isWithin({ from, to = Number.POSITIVE_INFINITY }: Turn, at: number): boolean {
  return from <= at && at <= to;
}

/** Whether the prompt began the last of the turns, which does not have it. */
function isLostIn(turns: readonly Turn[], { at }: Prompt): boolean {
  const [turn, next] = turns.filter(({ from }) => from >= at);
  return turn?.hasPrompt === false && turn.from - at <= BEGIN_MS && next === undefined;
}

/** Codex may change white space, as of a paste. */
function hasSaid(said: string, text: string): boolean {
  return said.replace(/\s+/g, '').includes(text.replace(/\s+/g, ''));
}

/** Whether a key was pressed, not only one let go, as that of the Enter before. */
export function hasPress(keys: Buffer): boolean {
  return keys.toString('latin1').replace(RELEASES, '') !== '';
}

/** Longer than this is not typed again by us, nor kept in memory. */
const LIMIT = 64 * 1024;
const MOST_SENT = 50;
/** From the Enter until the record says that a turn has begun. */
const BEGIN_MS = 5000;
/** Of keys and of characters. */
const LEAST = 3;
/** Makes all keys up to the next Enter unrepeatable. */
const POISON = '\u001b';

const PASTE_START = '\u001b[200~';
const PASTE_END = '\u001b[201~';

/** Keys let go, which kitty and others report (facts 7). */
const RELEASES = /\u001b\[[0-9;]*:3[A-Za-z~]/g;

/** Enter or Tab, as a byte or as a kitty key, send a prompt (Tab after the turn); Ctrl-C empties the composer. */
const SENDS = /[\r\t]|\u0003|\u001b\[(?:13|9)(?:;[0-9:]*)?u|\u001b\[99;5(?::[0-9]+)?u/;

/** Text, pastes, backspace, delete, left, right, home, end, the readline keys a b d e f k u w, and Enter or Tab behind them. */
const REPEATABLE =
  /^(?:\u001b\[200~[\s\S]*?\u001b\[201~|[\u0020-\u007f\u0080-\u00ff]|[\u0001\u0002\u0004\u0005\u0006\u000b\u0015\u0017]|\u001b\[[CDHF]|\u001b\[3~)*(?:[\r\t]|\u001b\[(?:13|9)(?:;[0-9:]*)?u)?$/;

/** The first prompt that was sent, with the key that did it. */
function cutFirstSent(keys: string): { sent: string; rest: string } | undefined {
  // An Enter inside a bracketed paste is a line break of the prompt, not the end of it.
  for (let from = 0; ; ) {
    const paste = keys.indexOf(PASTE_START, from);
    const found = SENDS.exec(keys.slice(from, paste < 0 ? undefined : paste));
    if (found !== null) {
      const end = from + found.index + found[0].length;
      const sent = keys.slice(0, end);
      if (!completes(sent)) return { sent, rest: keys.slice(end) };
      from = end;
      continue;
    }
    const end = paste < 0 ? -1 : keys.indexOf(PASTE_END, paste);
    if (end < 0) return undefined;
    from = end + PASTE_END.length;
  }
}

/** Tab chooses from the list that is open over a command or a mention. */
function completes(sent: string): boolean {
  return /(?:\t|\u001b\[9(?:;[0-9:]*)?u)$/.test(sent) && NOT_PLAIN.test(sent.replace(SENT_BY, ''));
}

/**
 * What a prompt says. Undefined where keys do not tell (the cursor was moved, a list may have been open), and for what is
 * no prompt: a command, an answer of one or two letters.
 */
function textOf(sent: string): string | undefined {
  const written = Buffer.from(sent, 'latin1')
    .toString('utf8')
    .replace(SENT_BY, '')
    .replaceAll(PASTE_START, '')
    .replaceAll(PASTE_END, '')
    .replace(/\r\n?/g, '\n');
  const characters: string[] = [];
  for (const character of written) {
    if (character === '\u007f') characters.pop();
    else characters.push(character);
  }
  const text = characters.join('').trim();
  return text.length < LEAST || NOT_PLAIN.test(text) || CONTROL.test(text) ? undefined : text;
}

const SENT_BY = /(?:[\r\t]|\u001b\[(?:13|9)(?:;[0-9:]*)?u)$/;
/** Commands of Codex and of the shell, mentions of files and skills. */
const NOT_PLAIN = /^[/!]|[@$]/;
/** Keys other than text. */
const CONTROL = /[^\P{Cc}\n]/u;
