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

/** When a thread was begun, epoch milliseconds, in whole seconds: the local time in its rollout's name (facts 3). */
export function threadBeganAt(rollout: string): number | undefined {
  const match = ROLLOUT_DATE.exec(basename(rollout));
  if (match === null) return undefined;
  const [year, month, day, hours, minutes, seconds] = match.slice(1).map(Number) as Parts;
  return new Date(year, month - 1, day, hours, minutes, seconds).getTime();
}

type Parts = [number, number, number, number, number, number];

const ROLLOUT_DATE = /^rollout-(\d{4})-(\d\d)-(\d\d)T(\d\d)-(\d\d)-(\d\d)-.+\.jsonl$/;

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
