import { isAbsolute } from 'node:path';

/**
 * What others wrote (the service, a rollout, a record that was edited or damaged) is bounded where it is read, so that
 * nobody has to ask again whether a number can be shown, waited for or compared.
 */

/** The longest window that Codex names is a year (fact 69). Ten of them, for a clock may be years behind. */
export const LONGEST_WAIT_SECONDS = 3660 * 86_400;

/** From here on a time is in milliseconds: in seconds it would be the year 5138. */
const LEAST_MILLISECONDS = 1e11;

/** 0 to 100; more and less than that are taken for the bound. Undefined when it is no number. */
export function readPercent(value: unknown): number | undefined {
  if (typeof value !== 'number' || Number.isNaN(value)) return undefined;
  return Math.min(100, Math.max(0, value));
}

/** Epoch seconds, from seconds or milliseconds: from 1970 to the year 5138. Undefined for all else. */
export function readEpochSeconds(value: unknown): number | undefined {
  if (typeof value !== 'number' || !(value >= 0)) return undefined;
  const seconds = value < LEAST_MILLISECONDS ? value : Math.floor(value / 1000);
  return seconds < LEAST_MILLISECONDS ? seconds : undefined;
}

/**
 * When a limit is reset, epoch seconds. One that has passed says that the limit is over; one further away than any window
 * is long says nothing. @param toldAt when it was said, epoch seconds.
 */
export function readResetTime(value: unknown, toldAt: number): number | undefined {
  const seconds = readEpochSeconds(value);
  return seconds !== undefined && seconds <= toldAt + LONGEST_WAIT_SECONDS ? seconds : undefined;
}

/** The length of a window in whole minutes, at least one. */
export function readWindowMinutes(value: unknown): number | undefined {
  if (typeof value !== 'number' || !(value >= 1)) return undefined;
  return value <= LONGEST_WAIT_SECONDS / 60 ? Math.round(value) : undefined;
}

/** Epoch milliseconds of a time in words (ISO 8601), from 1970 to the year 5138. */
export function readTimestamp(value: unknown): number | undefined {
  const ms = typeof value === 'string' && value.length <= 40 ? Date.parse(value) : Number.NaN;
  return ms >= 0 && ms < LEAST_MILLISECONDS * 1000 ? ms : undefined;
}

/** The same as it was written. */
export function readIsoTime(value: unknown): string | undefined {
  return readTimestamp(value) === undefined ? undefined : (value as string);
}

/** The id of a process. */
export function readPid(value: unknown): number | undefined {
  const fits = Number.isInteger(value) && (value as number) > 0 && (value as number) <= 0x7fffffff;
  return fits ? (value as number) : undefined;
}

/** A text that is not empty; of a longer one the beginning. */
export function readText(value: unknown, most: number): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, most) : undefined;
}

/** An id or a name that a command line may have: without control characters, and no option. */
export function readWord(value: unknown): string | undefined {
  const fits =
    typeof value === 'string' && value.length <= MOST.name && /^[^-\p{Cc}]\P{Cc}*$/u.test(value);
  return fits ? value : undefined;
}

/** A directory that a command line may have. */
export function readDirectory(value: unknown): string | undefined {
  const fits = typeof value === 'string' && value.length <= MOST.path && isAbsolute(value);
  return fits && !value.includes('\0') ? value : undefined;
}

/** How long texts of others are at most: those that are shown, not those that are looked through. */
export const MOST = { email: 320, name: 200, message: 2000, path: 4096 } as const;
