import { MOST, readText } from './bounds.ts';
import { LIMIT_TEXTS, type LimitText, type TextKind } from './limit-texts.ts';

export type { LimitKind, TextKind } from './limit-texts.ts';

export interface TextClass {
  kind: TextKind;
  /** Which text of the catalogue it was. */
  id: string;
}

/**
 * Which of Codex's texts this is, or undefined. The one that begins first counts, so that what follows an error on the
 * screen cannot change what the error was; a prefix such as `Error running remote compact task:` does no harm (2.3).
 * @param text as read from the screen or the record, wrapped or not.
 */
export function classifyLimitText(text: string): TextClass | undefined {
  if (text.length < SHORTEST_ANCHOR) return undefined;
  const normalised = normaliseForMatching(text);
  let best: { at: number; anchor: string; entry: LimitText } | undefined;
  for (const { anchor, entry } of ANCHORS) {
    const at = normalised.indexOf(anchor);
    if (at !== -1 && (best === undefined || at < best.at)) best = { at, anchor, entry };
  }
  return best && { kind: best.entry.kind, id: best.entry.id };
}

/** Whether it was not a turn of the model's that failed, but the compaction before it, or that of `/compact`. */
export function isOfCompaction(message: string): boolean {
  return /^Error running (?:remote )?compact task: /i.test(message);
}

/** Whether the text says that the account itself is exhausted. */
export function isExhaustion(kind: TextKind): boolean {
  return kind !== 'needs-login' && kind !== 'not-a-limit' && kind !== 'info';
}

/**
 * Takes away all that wrapping, drawing and versions change: white space, box glyphs, soft hyphens, the case,
 * and which apostrophe it is (ASCII up to 0.150, U+2019 from 0.155, fact 70). Idempotent.
 */
export function normaliseForMatching(text: string): string {
  return text
    .replace(/[\s\u2500-\u25ff\u00ad\u200b\ufeff]/gu, '')
    .replace(/[\u2018\u2019\u02bc\u00b4`]/gu, "'")
    .toLowerCase();
}

/** The name of the bucket in `… usage limit for {name}. Switch to another model now, …`, if the text has one. */
export function parseLimitName(text: string): string | undefined {
  const said = beginningOf(text).replace(/\s+/g, ' ');
  const before = /hit your usage limit for /i.exec(said);
  if (before === null) return undefined;
  const from = before.index + before[0].length;
  const length = said.slice(from).search(/\. Switch to another/i);
  return length < 1 ? undefined : readText(said.slice(from, from + length), MOST.name);
}

/**
 * The time in `try again at …`, in epoch seconds of the local zone: `3:40 PM`, `Sep 19th, 2026 2:20 PM`, or the
 * server's own `Sep 19, 2026, 2:20 PM` (2.1). White space may be anywhere or gone, as the text may have been wrapped.
 * A bare time that has passed means tomorrow, unless it passed minutes ago: then it is the reset that has just been.
 */
export function parseResetTime(text: string, now: Date): number | undefined {
  const match = RESET_TIME.exec(beginningOf(text).replace(/\s/gu, ''));
  if (match?.groups === undefined) return undefined;
  const { month, day, year, hour, minute, half } = match.groups;
  const hours = (Number(hour) % 12) + (half?.toLowerCase() === 'p' ? 12 : 0);
  if (Number(hour) > 12 || Number(minute) > 59) return undefined;
  if (month !== undefined) {
    const date = new Date(Number(year), monthIndex(month), Number(day), hours, Number(minute));
    return epochSeconds(date);
  }
  const date = new Date(now);
  date.setHours(hours, Number(minute), 0, 0);
  if (date.getTime() < now.getTime() - JUST_PASSED_MS) date.setDate(date.getDate() + 1);
  return epochSeconds(date);
}

/**
 * As much of an error as can be Codex's own text: the message is whatever the service or a model has put there, and the
 * expressions here take time that grows faster than it.
 */
function beginningOf(text: string): string {
  return text.slice(0, MOST_CHARACTERS);
}

/** The longest known text has 200. */
const MOST_CHARACTERS = 2000;
const JUST_PASSED_MS = 10 * 60 * 1000;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const RESET_TIME = new RegExp(
  `tryagainat(?:(?<month>${MONTHS.join('|')})[a-z]*\\.?(?<day>\\d{1,2})(?:st|nd|rd|th)?,?(?<year>\\d{4}),?(?:at)?)?` +
    '(?<hour>\\d{1,2}):(?<minute>\\d{2})(?<half>[ap])\\.?m',
  'i',
);

const ANCHORS = LIMIT_TEXTS.map((entry) => ({ anchor: normaliseForMatching(entry.anchor), entry }));
const SHORTEST_ANCHOR = Math.min(...ANCHORS.map(({ anchor }) => anchor.length));

function monthIndex(month: string): number {
  return MONTHS.indexOf(month.toLowerCase());
}

function epochSeconds(date: Date): number | undefined {
  const ms = date.getTime();
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
