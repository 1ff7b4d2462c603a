import {
  type ComposerKey,
  PASTE_END,
  PASTE_START,
  readComposerKeys,
} from '../../codex/composer-keys.ts';
import { contains } from './contains.ts';
import type { ChildRecord } from './follow-threads.ts';
import type { Turn } from './followed-rollout.ts';

/** The typed input that the child has and its thread does not have, as keys. */
export interface UnsentInput {
  /** @param keys whole sequences, as latin-1. */
  addKeys(keys: string, moment: Moment): void;
  /**
   * Takes the keys that are to be typed again for the successor: queued prompts, then the text in the composer.
   * @param record of the child that has the keys; undefined if it has none.
   * @returns `isShort`: the keys are so few that they may have answered a dialog. They are a prompt only if text follows.
   */
  takeUnsent(record: ChildRecord | undefined): { keys: string; isShort: boolean };
  /** The composer is empty. */
  isEmpty(): boolean;
}

/** The time of keys. */
export interface Moment {
  /** Epoch milliseconds. */
  at: number;
  /** As far as we knew then. For Codex 0.120 to 0.150 only the record tells it, and we read the record a moment later. */
  isTurnRunning: boolean;
}

interface SentPrompt extends Moment {
  keys: readonly ComposerKey[];
  sentBy: ComposerKey;
  length: number;
  /** Its keys may be typed again. */
  isRepeatable: boolean;
}

/** The text in the composer, key by key. */
interface ComposerText {
  keys: ComposerKey[];
  length: number;
  isRepeatable: boolean;
  /** It has a character that opens a list of files or skills. */
  hasMention: boolean;
}

/**
 * Keeps the keys since the last sent prompt, and the prompts that were sent while a turn ran: Codex queues them, and loses
 * the queue at its end. Only text, pastes and line editing are repeated. Escape would interrupt the successor's turn, and the
 * arrows up and down would show the prompts of another history. Less than three keys are more likely the answer to a dialog
 * ("y") than a prompt.
 */
export function createUnsentInput(): UnsentInput {
  let composer = emptyComposer();
  let sent: SentPrompt[] = [];
  let sentLength = 0;

  function send(key: ComposerKey, moment: Moment): void {
    const { keys, isRepeatable } = composer;
    const length = composer.length + key.bytes.length;
    // Each field is named, because a spread would cost more time than the rest of this function.
    const { at, isTurnRunning } = moment;
    const isRepeated = isRepeatable && key.kind !== 'cancel';
    sent.push({ at, isTurnRunning, keys, sentBy: key, length, isRepeatable: isRepeated });
    sentLength += length;
    composer = emptyComposer();
    if (sent.length < 2 * MOST_SENT && sentLength <= 2 * MOST_SENT_LENGTH) return;
    sent = listNewest(sent);
    sentLength = sent.reduce((sum, prompt) => sum + prompt.length, 0);
  }

  return {
    addKeys(keys, moment) {
      for (const key of readComposerKeys(keys)) {
        if (isRelease(key)) continue;
        const isSent = key.kind === 'cancel' || key.kind === 'enter';
        if (isSent || (key.kind === 'tab' && !completesMention(composer))) send(key, moment);
        else write(composer, key);
      }
    },
    isEmpty: () => composer.length === 0,
    takeUnsent(record) {
      const { isRepeatable, length } = composer;
      const text = isRepeatable ? joinKeys(composer.keys) : '';
      const lost = isRepeatable ? findLost(listNewest(sent), record) : [];
      const prompts = lost.map(({ keys, sentBy }) => joinKeys([...keys, sentBy]));
      composer = emptyComposer();
      sent = [];
      sentLength = 0;
      return { keys: prompts.join('') + text, isShort: lost.length === 0 && length < LEAST };
    },
  };
}

function write(composer: ComposerText, key: ComposerKey): void {
  composer.length += key.bytes.length;
  composer.isRepeatable &&= REPEATABLE.has(key.kind) && composer.length <= LONGEST_PROMPT;
  composer.hasMention ||= WRITTEN.has(key.kind) && /[@$]/.test(key.bytes);
  // Keys that are never repeated are not kept. The length still tells that the composer has text.
  if (composer.isRepeatable || composer.length <= LONGEST_PROMPT) composer.keys.push(key);
  else composer.keys.length = 0;
}

function emptyComposer(): ComposerText {
  return { keys: [], length: 0, isRepeatable: true, hasMention: false };
}

function joinKeys(keys: readonly ComposerKey[]): string {
  return keys.map(({ bytes }) => bytes).join('');
}

/** The newest prompts, at most as many as we keep. */
function listNewest(sent: readonly SentPrompt[]): SentPrompt[] {
  let length = 0;
  const kept = sent.slice(-MOST_SENT);
  const first = kept.findLastIndex((prompt) => {
    length += prompt.length;
    return length > MOST_SENT_LENGTH;
  });
  return kept.slice(first + 1);
}

/** The prompts that Codex had queued and that no thread has. */
function findLost(
  sent: readonly SentPrompt[],
  { prompts: recorded, turns }: ChildRecord = { prompts: [], turns: [] },
): SentPrompt[] {
  // An idle Codex has sent its whole queue. Keys that are not repeated may have changed the queue.
  const idle = sent.findLastIndex(
    ({ at, isTurnRunning }) => !(isTurnRunning || turns.some((turn) => isWithin(turn, at))),
  );
  const unknown = sent.findLastIndex(({ isRepeatable }) => !isRepeatable);
  const first = sent[idle];
  // 0.150 loses the prompt of a turn whose compaction fails. 0.169 has it in the record.
  const isFirstLost = first !== undefined && isLostIn(turns, first);
  const queued = sent.slice(Math.max(unknown + 1, isFirstLost ? idle : idle + 1));
  if (queued.length === 0) return [];
  const texts = recorded.map(removeSpace);
  return queued.filter(({ keys }) => {
    const text = textOf(keys);
    return text !== undefined && !texts.some((whole) => contains(whole, removeSpace(text)));
  });
}

function isWithin({ from, to = Number.POSITIVE_INFINITY }: Turn, at: number): boolean {
  return from <= at && at <= to;
}

/** The prompt began the last turn, and the record of that turn does not have the prompt. */
function isLostIn(turns: readonly Turn[], { at }: SentPrompt): boolean {
  const [turn, next] = turns.filter(({ from }) => from >= at);
  return turn?.hasPrompt === false && turn.from - at <= BEGIN_MS && next === undefined;
}

/** Codex may change white space, for example in a paste. */
function removeSpace(text: string): string {
  return text.replace(/\s+/g, '');
}

/** Whether a key was pressed. The release of an earlier key, such as Enter, is no press. */
export function hasPress(keys: string): boolean {
  for (const key of readComposerKeys(keys)) if (!isRelease(key)) return true;
  return false;
}

/** The release of a key, which kitty and other terminals report (fact 78). */
function isRelease({ kind, bytes }: ComposerKey): boolean {
  return (
    kind === 'other' && bytes.length > 2 && bytes.length <= MOST_RELEASE && RELEASE.test(bytes)
  );
}

const RELEASE = /^\u001b\[[0-9;]*:3[A-Za-z~]$/;
const MOST_RELEASE = 32;

/** Codex takes no longer prompt, so longer text is neither kept in memory nor typed again. */
const LONGEST_PROMPT = 1024 * 1024;
const MOST_SENT = 50;
const MOST_SENT_LENGTH = 4 * LONGEST_PROMPT;
/** The turn of an Enter begins within this time, by the record. */
const BEGIN_MS = 5000;
/** The least keys, and the least characters, of a prompt. */
const LEAST = 3;

const REPEATABLE: ReadonlySet<ComposerKey['kind']> = new Set([
  'text',
  'paste',
  'edit',
  'line-break',
]);
const WRITTEN: ReadonlySet<ComposerKey['kind']> = new Set(['text', 'paste']);

/** Tab takes an entry of the list that is open over a command or a mention. */
function completesMention({ keys, hasMention }: ComposerText): boolean {
  return hasMention || /^[/!]/.test(keys[0]?.bytes ?? '');
}

/**
 * The text of a prompt. Undefined when the keys do not tell it (the cursor was moved, a list may have been open), and when
 * the keys are no prompt: a command, an answer of one or two letters.
 */
function textOf(keys: readonly ComposerKey[]): string | undefined {
  const written = Buffer.from(keys.map(textOfKey).join(''), 'latin1')
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

function textOfKey({ kind, bytes }: ComposerKey): string {
  if (kind === 'line-break') return '\n';
  return kind === 'paste' ? bytes.slice(PASTE_START.length, -PASTE_END.length) : bytes;
}

/** Commands of Codex and of the shell, mentions of files and skills. */
const NOT_PLAIN = /^[/!]|[@$]/;
/** Keys other than text. */
const CONTROL = /[^\P{Cc}\n]/u;
