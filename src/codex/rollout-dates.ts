import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readTimestamp } from './bounds.ts';

/**
 * The rollouts below `sessions/YYYY/MM/DD`, the newest thread first. Lists one directory at a time; opens no file.
 * @param codexHome the home with `sessions/`.
 */
export function* listRolloutsByDate(codexHome: string): Generator<string> {
  const sessions = join(codexHome, 'sessions');
  for (const year of listNumbers(sessions)) {
    for (const month of listNumbers(join(sessions, year))) {
      for (const day of listNumbers(join(sessions, year, month))) {
        const directory = join(sessions, year, month, day);
        const names = listDescending(directory).filter((name) => ROLLOUT_DATE.test(name));
        for (const name of names) yield join(directory, name);
      }
    }
  }
}

/** The start of a thread, epoch milliseconds in whole seconds: the local time in the rollout's name (fact 53). */
export function readThreadStart(rollout: string): number | undefined {
  const [, date, hours, minutes, seconds] = ROLLOUT_DATE.exec(basename(rollout)) ?? [];
  return readTimestamp(`${date}T${hours}:${minutes}:${seconds}`);
}

/**
 * Whether a thread may have begun at that time or later. A thread id that is a UUID of version 7 tells its start to the
 * millisecond; else the name of the rollout tells it to the second. @param sinceMs epoch milliseconds.
 */
export function mayHaveStartedSince(rollout: string, sinceMs: number): boolean {
  const second = readThreadStart(rollout);
  if (second === undefined) return false;
  const [high, low] = UUID_V7.exec(basename(rollout))?.slice(1) ?? [];
  const exact = Number.parseInt(`${high}${low}`, 16);
  return Math.abs(exact - second) < 2000 ? exact >= sinceMs : second > sinceMs - 1000;
}

const ROLLOUT_DATE = /^rollout-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-.+\.jsonl$/;

const UUID_V7 = /-([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-/;

function listNumbers(directory: string): string[] {
  return listDescending(directory).filter((name) => /^\d+$/.test(name));
}

function listDescending(directory: string): string[] {
  try {
    return readdirSync(directory).sort().reverse();
  } catch {
    return [];
  }
}
