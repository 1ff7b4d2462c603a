import {
  type ComposerKey,
  PASTE_END,
  PASTE_START,
  readComposerKeys,
} from '../../codex/composer-keys.ts';
import { contains } from './contains.ts';
import type { ChildRecord } from './follow-threads.ts';
import type { Turn } from './followed-rollout.ts';

/** What the child has of the user's words and its thread has not, as the keys that wrote them. */
export interface UnsentInput {
  /** @param keys as latin-1, whole ones. */
  note(keys: string, moment: Moment): void;
  /**
   * The keys to be typed again for the successor: prompts that wait, then the one in the composer. Only what we dare to repeat.
   * @param record of the child they were typed for, if it has any.
   * @returns `isShort`: so few keys that they may have answered a dialog; a prompt only if text follows.
   */
  take(record: ChildRecord | undefined): { keys: string; isShort: boolean };
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
  keys: readonly ComposerKey[];
  sentBy: ComposerKey;
  length: number;
  /** We dare to repeat them. */
  isKnown: boolean;
}

/** What stands in the composer, key by key. */
interface Unsent {
  keys: ComposerKey[];
  length: number;
  isKnown: boolean;
  /** It has a character that opens a list of files or skills. */
  hasMention: boolean;
}

/**
 * Keeps the keys since the last prompt was sent, and the prompts that were sent while a turn ran: Codex queues them, and
 * the queue dies with it. Only text, pastes and line editing are repeated: Escape would interrupt the successor's turn,
 * arrows up and down would walk another history. A word shorter than three keys is more likely the answer to a dialog
 * ("y") than a prompt.
 */
export function createUnsentInput(): UnsentInput {
  let unsent = nothing();
  let sent: Prompt[] = [];
  let sentLength = 0;

  function add(key: ComposerKey): void {
    unsent.length += key.bytes.length;
    unsent.isKnown &&= REPEATABLE.has(key.kind) && unsent.length <= LIMIT;
    unsent.hasMention ||= WRITTEN.has(key.kind) && /[@$]/.test(key.bytes);
    // What is not repeated need not be kept; that something stands there is known by the length.
    if (unsent.isKnown || unsent.length <= LIMIT) unsent.keys.push(key);
    else unsent.keys.length = 0;
  }

  function send(key: ComposerKey, moment: Moment): void {
    const { keys, isKnown } = unsent;
    const length = unsent.length + key.bytes.length;
    // Named one by one: a spread costs more than all the rest here.
    const { at, isTurnRunning } = moment;
    const isRepeated = isKnown && key.kind !== 'cancel';
    sent.push({ at, isTurnRunning, keys, sentBy: key, length, isKnown: isRepeated });
    sentLength += length;
    if (sent.length < 2 * MOST_SENT && sentLength <= 2 * MOST_SENT_LENGTH) return clear();
    sent = newest(sent);
    sentLength = sent.reduce((sum, prompt) => sum + prompt.length, 0);
    clear();
  }

  function clear(): void {
    unsent = nothing();
  }

  return {
    note(keys, moment) {
      for (const key of readComposerKeys(keys)) {
        if (isRelease(key)) continue;
        const isSent = key.kind === 'cancel' || key.kind === 'enter';
        if (isSent || (key.kind === 'tab' && !completes(unsent))) send(key, moment);
        else add(key);
      }
    },
    isEmpty: () => unsent.length === 0,
    take(record) {
      const { isKnown, length } = unsent;
      const draft = isKnown ? join(unsent.keys) : '';
      const again = isKnown
        ? findLost(newest(sent), record).map(({ keys, sentBy }) => join([...keys, sentBy]))
        : [];
      unsent = nothing();
      sent = [];
      sentLength = 0;
      return { keys: again.join('') + draft, isShort: again.length === 0 && length < LEAST };
    },
  };
}

function nothing(): Unsent {
  return { keys: [], length: 0, isKnown: true, hasMention: false };
}

function join(keys: readonly ComposerKey[]): string {
  return keys.map(({ bytes }) => bytes).join('');
}

/** As many of the last ones as are kept. */
function newest(sent: readonly Prompt[]): Prompt[] {
  let length = 0;
  const kept = sent.slice(-MOST_SENT);
  const first = kept.findLastIndex((prompt) => {
    length += prompt.length;
    return length > MOST_SENT_LENGTH;
  });
  return kept.slice(first + 1);
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
  const unknown = sent.findLastIndex(({ isKnown }) => !isKnown);
  const first = sent[idle];
  // 0.150 loses the prompt of a turn whose compaction fails. 0.169 has it in the record.
  const began = first !== undefined && isLostIn(turns, first);
  const queued = sent.slice(Math.max(unknown + 1, began ? idle : idle + 1));
  if (queued.length === 0) return [];
  const said = recorded.map(squeeze);
  return queued.filter(({ keys }) => {
    const text = textOf(keys);
    return text !== undefined && !said.some((whole) => contains(whole, squeeze(text)));
  });
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
function squeeze(text: string): string {
  return text.replace(/\s+/g, '');
}

/** Whether a key was pressed, not only one let go, as that of the Enter before. */
export function hasPress(keys: string): boolean {
  for (const key of readComposerKeys(keys)) if (!isRelease(key)) return true;
  return false;
}

/** A key let go, which kitty and others report (fact 78). */
function isRelease({ kind, bytes }: ComposerKey): boolean {
  return (
    kind === 'other' && bytes.length > 2 && bytes.length <= MOST_RELEASE && RELEASE.test(bytes)
  );
}

const RELEASE = /^\u001b\[[0-9;]*:3[A-Za-z~]$/;
const MOST_RELEASE = 32;

/** Longer than this is not typed again by us, nor kept in memory: Codex takes no longer prompt. */
const LIMIT = 1024 * 1024;
const MOST_SENT = 50;
const MOST_SENT_LENGTH = 4 * LIMIT;
/** From the Enter until the record says that a turn has begun. */
const BEGIN_MS = 5000;
/** Of keys and of characters. */
const LEAST = 3;

const REPEATABLE: ReadonlySet<ComposerKey['kind']> = new Set([
  'text',
  'paste',
  'edit',
  'line-break',
]);
const WRITTEN: ReadonlySet<ComposerKey['kind']> = new Set(['text', 'paste']);

/** Tab chooses from the list that is open over a command or a mention. */
function completes({ keys, hasMention }: Unsent): boolean {
  return hasMention || /^[/!]/.test(keys[0]?.bytes ?? '');
}

/**
 * What a prompt says. Undefined where keys do not tell (the cursor was moved, a list may have been open), and for what is
 * no prompt: a command, an answer of one or two letters.
 */
function textOf(keys: readonly ComposerKey[]): string | undefined {
  const written = Buffer.from(keys.map(writtenBy).join(''), 'latin1')
    .toString('utf8')
    .replace(/\r\n?/g, '\n');
  const characters: string[] = [];
  for (const character of written) {
    if (character === '\u007f') characters.pop();
    else characters.push(character);
  }
  const text = characters.join('').trim();
  return text.length < LEAST || NOT_PLAIN.test(text) || CONTROL.test(text) ? undefined : text;
}

function writtenBy({ kind, bytes }: ComposerKey): string {
  if (kind === 'line-break') return '\n';
  return kind === 'paste' ? bytes.slice(PASTE_START.length, -PASTE_END.length) : bytes;
}

/** Commands of Codex and of the shell, mentions of files and skills. */
const NOT_PLAIN = /^[/!]|[@$]/;
/** Keys other than text. */
const CONTROL = /[^\P{Cc}\n]/u;
