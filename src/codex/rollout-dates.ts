import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * The rollouts below `sessions/YYYY/MM/DD`, the newest thread first; lists one directory at a time, and opens no file.
 * @param codexHome the home that `sessions/` is in.
 */
export function* rolloutsByDate(codexHome: string): Generator<string> {
  const sessions = join(codexHome, 'sessions');
  for (const year of numbersIn(sessions)) {
    for (const month of numbersIn(join(sessions, year))) {
      for (const day of numbersIn(join(sessions, year, month))) {
        const directory = join(sessions, year, month, day);
        const names = listDescending(directory).filter((name) => ROLLOUT_DATE.test(name));
        for (const name of names) yield join(directory, name);
      }
    }
  }
}

/** When a thread was begun, epoch milliseconds, in whole seconds: the local time in its rollout's name (fact 53). */
export function threadBeganAt(rollout: string): number | undefined {
  const match = ROLLOUT_DATE.exec(basename(rollout));
  if (match === null) return undefined;
  const [year, month, day, hours, minutes, seconds] = match.slice(1).map(Number) as Parts;
  return new Date(year, month - 1, day, hours, minutes, seconds).getTime();
}

/**
 * Whether a thread can have been begun at that time or later: to the millisecond where its id is a UUID of version 7,
 * which says so, else to the second. @param sinceMs epoch milliseconds.
 */
export function mayHaveBegunSince(rollout: string, sinceMs: number): boolean {
  const second = threadBeganAt(rollout);
  if (second === undefined) return false;
  const [high, low] = UUID_V7.exec(basename(rollout))?.slice(1) ?? [];
  const exact = Number.parseInt(`${high}${low}`, 16);
  return Math.abs(exact - second) < 2000 ? exact >= sinceMs : second > sinceMs - 1000;
}

type Parts = [number, number, number, number, number, number];

const ROLLOUT_DATE = /^rollout-(\d{4})-(\d\d)-(\d\d)T(\d\d)-(\d\d)-(\d\d)-.+\.jsonl$/;

const UUID_V7 = /-([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-/;

function numbersIn(directory: string): string[] {
  return listDescending(directory).filter((name) => /^\d+$/.test(name));
}

function listDescending(directory: string): string[] {
  try {
    return readdirSync(directory).sort().reverse();
  } catch {
    return [];
  }
}
