import { statSync } from 'node:fs';
import { join } from 'node:path';
import { removeQuietly, temporaryName, writeNewFile } from './files.ts';

/**
 * The time of the clock that stamps the files of a directory, epoch milliseconds. A file server uses its own clock, and the
 * clocks of its clients differ. The answer comes from a new file, and is used for five seconds.
 * @returns undefined when no file can be made.
 */
export function fileSystemTime(dir: string): number | undefined {
  const known = asked.get(dir);
  // Monotonic, because our own clock may be set in between.
  const uptime = performance.now();
  if (known !== undefined && uptime - known.uptime < REMEMBERED_MS) {
    return known.time + uptime - known.uptime;
  }
  const time = stampNewFile(dir);
  if (time !== undefined) asked.set(dir, { time, uptime });
  return time;
}

/** A process that waits for a lock asks many times a second. */
const REMEMBERED_MS = 5000;
const asked = new Map<string, { time: number; uptime: number }>();

function stampNewFile(dir: string): number | undefined {
  const file = join(dir, temporaryName('clock'));
  try {
    // Not empty: some servers take the time of an empty new file from the client.
    writeNewFile(file, '.', { sync: false });
    return statSync(file).mtimeMs;
  } catch {
    return undefined;
  } finally {
    removeQuietly(file);
  }
}
