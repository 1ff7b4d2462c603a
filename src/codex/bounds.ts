import { isAbsolute } from 'node:path';
import { dropUndefined } from './json.ts';

// Text and numbers from outside (the service, a rollout, an edited or damaged record) are bounded when they are read. So all
// other code can show, compare and wait for such a value without a check.

/** The longest window that Codex names is a year (fact 69). Ten years, because a clock may be years behind. */
export const MAX_WAIT_SECONDS = 3660 * 86_400;

/** A number from here on is in milliseconds: in seconds it would be after the year 5138. */
const LEAST_MILLISECONDS = 1e11;

/** One window of a limit. Its length identifies it; its position (primary, secondary) does not (fact 69). */
export interface LimitWindow {
  usedPercent: number;
  /** 300 = 5 hours, 10080 = a week; absent when the service does not say. */
  minutes?: number;
  /** Epoch seconds. */
  resetsAt?: number;
}

/** Undefined without a percentage. @param toldAt when the service told the window, epoch seconds. */
export function readLimitWindow(
  used: unknown,
  minutes: unknown,
  resetsAt: unknown,
  toldAt: number,
): LimitWindow | undefined {
  const usedPercent = readPercent(used);
  if (usedPercent === undefined) return undefined;
  const window = { minutes: readWindowMinutes(minutes), resetsAt: readResetTime(resetsAt, toldAt) };
  return { usedPercent, ...dropUndefined(window) };
}

/** 0 to 100; a number outside becomes the nearer bound. */
export function readPercent(value: unknown): number | undefined {
  if (typeof value !== 'number' || Number.isNaN(value)) return undefined;
  return Math.min(100, Math.max(0, value));
}

/** Epoch seconds, from seconds or milliseconds; from 1970 to the year 5138. */
export function readEpochSeconds(value: unknown): number | undefined {
  if (typeof value !== 'number' || !(value >= 0)) return undefined;
  const seconds = value < LEAST_MILLISECONDS ? value : Math.floor(value / 1000);
  return seconds < LEAST_MILLISECONDS ? seconds : undefined;
}

/**
 * The time of a reset, epoch seconds. A time in the past means that the limit has ended. A time that is further away than
 * the longest window is an error, so it is dropped. @param toldAt when the service told it, epoch seconds.
 */
export function readResetTime(value: unknown, toldAt: number): number | undefined {
  const seconds = readEpochSeconds(value);
  return seconds !== undefined && seconds <= toldAt + MAX_WAIT_SECONDS ? seconds : undefined;
}

/** The length of a window in whole minutes, at least 1. */
export function readWindowMinutes(value: unknown): number | undefined {
  if (typeof value !== 'number' || !(value >= 1)) return undefined;
  return value <= MAX_WAIT_SECONDS / 60 ? Math.round(value) : undefined;
}

/** Epoch milliseconds of an ISO 8601 text; from 1970 to the year 5138. */
export function readTimestamp(value: unknown): number | undefined {
  const ms = typeof value === 'string' && value.length <= 40 ? Date.parse(value) : Number.NaN;
  return ms >= 0 && ms < LEAST_MILLISECONDS * 1000 ? ms : undefined;
}

/** The ISO 8601 text itself, when it is a time. */
export function readIsoTime(value: unknown): string | undefined {
  return readTimestamp(value) === undefined ? undefined : (value as string);
}

/** A process id: a whole number from 1 to 2^31 - 1. */
export function readPid(value: unknown): number | undefined {
  const fits = Number.isInteger(value) && (value as number) > 0 && (value as number) <= 0x7fffffff;
  return fits ? (value as number) : undefined;
}

/** True or false; undefined for any other value. */
export function readBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

/** A whole number from 0 to a million. */
export function readCount(value: unknown): number | undefined {
  const fits = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1e6;
  return fits ? (value as number) : undefined;
}

/** A text that is not empty, cut at `most` characters. */
export function readText(value: unknown, most: number): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, most) : undefined;
}

/** An id or a name that is safe on a command line: no control character, no dash at the start. */
export function readArgument(value: unknown): string | undefined {
  const fits =
    typeof value === 'string' &&
    value.length <= MAX_LENGTH.name &&
    /^[^-\p{Cc}]\P{Cc}*$/u.test(value);
  return fits ? value : undefined;
}

/** A directory that is safe on a command line: an absolute path. */
export function readDirectory(value: unknown): string | undefined {
  const fits = typeof value === 'string' && value.length <= MAX_LENGTH.path && isAbsolute(value);
  return fits && !value.includes('\0') ? value : undefined;
}

/** The longest texts from outside that we show, in characters. */
export const MAX_LENGTH = { email: 320, name: 200, message: 2000, path: 4096 } as const;
