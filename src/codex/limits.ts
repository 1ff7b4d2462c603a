import { MAX_LENGTH, readText } from './bounds.ts';
import { LIMIT_TEXTS, type LimitKind, type LimitText, type TextKind } from './limit-texts.ts';

export type { LimitKind, TextKind } from './limit-texts.ts';

export interface TextClass {
  kind: TextKind;
  /** Of the entry in `LIMIT_TEXTS`. */
  id: string;
}

/**
 * Finds a known text in a message of Codex. The first one counts, because text below an error on the screen must not change
 * its meaning. Skips text before it, such as `Error running remote compact task:` (fact 72).
 * @param text from the screen or the record, wrapped or not.
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

/** Whether a compaction has failed (before a turn, or of `/compact`), and not the turn itself. */
export function isCompactionError(message: string): boolean {
  return /^Error running (?:remote )?compact task: /i.test(message);
}

/** The kind of a limit whose window is used up. @param minutes the length of the window. */
export function nameWindow(minutes: number | undefined): LimitKind {
  if (minutes === 300) return 'window-5h';
  return minutes === 10_080 ? 'window-weekly' : 'window-other';
}

/** Whether a text of this kind says that the account is used up. */
export function isExhaustion(kind: TextKind): kind is LimitKind {
  return kind !== 'needs-login' && kind !== 'not-a-limit' && kind !== 'info';
}

/**
 * Removes the differences between a text in the record, on the screen and in another release: white space, box glyphs, soft
 * hyphens, upper case and the form of the apostrophe (fact 70). Idempotent.
 */
export function normaliseForMatching(text: string): string {
  return text
    .replace(/[\s\u2500-\u25ff\u00ad\u200b\ufeff]/gu, '')
    .replace(/[\u2018\u2019\u02bc\u00b4`]/gu, "'")
    .toLowerCase();
}

/** The name in `… usage limit for {name}. Switch to another model now, …`. */
export function parseLimitName(text: string): string | undefined {
  const oneLine = text.slice(0, MAX_CHARACTERS).replace(/\s+/g, ' ');
  const match = /hit your usage limit for (.+?)\. Switch to another/i.exec(oneLine);
  return readText(match?.[1], MAX_LENGTH.name);
}

/**
 * The local time in `try again at …`, epoch seconds: `3:40 PM`, `Sep 19th, 2026 2:20 PM` or, from the service, `Sep 19,
 * 2026, 2:20 PM` (fact 70). White space is ignored, because wrapping changes it. A time without a date that has passed
 * means tomorrow. When it passed a few minutes ago, it is the reset that has just happened.
 */
export function parseResetTime(text: string, now: Date): number | undefined {
  const match = RESET_TIME.exec(text.slice(0, MAX_CHARACTERS).replace(/\s/gu, ''));
  if (match?.groups === undefined) return undefined;
  const { month, day, year, hour, minute, half } = match.groups;
  const hours = (Number(hour) % 12) + (half?.toLowerCase() === 'p' ? 12 : 0);
  if (Number(hour) > 12 || Number(minute) > 59) return undefined;
  if (month !== undefined) {
    const index = MONTHS.indexOf(month.toLowerCase());
    return epochSeconds(new Date(Number(year), index, Number(day), hours, Number(minute)));
  }
  const date = new Date(now);
  date.setHours(hours, Number(minute), 0, 0);
  if (date.getTime() < now.getTime() - JUST_PASSED_MS) date.setDate(date.getDate() + 1);
  return epochSeconds(date);
}

/** The longest known text has 200. A message is cut, because the time of these expressions grows faster than its length. */
const MAX_CHARACTERS = 2000;
const JUST_PASSED_MS = 10 * 60 * 1000;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const RESET_TIME = new RegExp(
  `tryagainat(?:(?<month>${MONTHS.join('|')})[a-z]*\\.?(?<day>\\d{1,2})(?:st|nd|rd|th)?,?(?<year>\\d{4}),?(?:at)?)?` +
    '(?<hour>\\d{1,2}):(?<minute>\\d{2})(?<half>[ap])\\.?m',
  'i',
);

const ANCHORS = LIMIT_TEXTS.map((entry) => ({ anchor: normaliseForMatching(entry.anchor), entry }));
const SHORTEST_ANCHOR = Math.min(...ANCHORS.map(({ anchor }) => anchor.length));

function epochSeconds(date: Date): number | undefined {
  const ms = date.getTime();
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
