import { statSync } from 'node:fs';
import { join } from 'node:path';
import { removeQuietly, temporaryName, writeNewFile } from './files.ts';

/**
 * What time it is for the file system of a directory, epoch milliseconds: the server of a shared home stamps its files by
 * its own clock, and the clocks of its clients differ. Asked of a file made for it, and remembered for some seconds.
 * @returns undefined where no file can be made.
 */
export function fileSystemTime(dir: string): number | undefined {
  const known = asked.get(dir);
  // Monotonic: our own clock may be put back or forward meanwhile.
  const uptime = performance.now();
  if (known !== undefined && uptime - known.uptime < REMEMBERED_MS) {
    return known.time + uptime - known.uptime;
  }
  const time = ask(dir);
  if (time !== undefined) asked.set(dir, { time, uptime });
  return time;
}

/** A lock is tried again and again while it is waited for. */
const REMEMBERED_MS = 5000;
const asked = new Map<string, { time: number; uptime: number }>();

function ask(dir: string): number | undefined {
  const file = join(dir, temporaryName('clock'));
  try {
    // With a byte in it: some servers take the time of an empty new file from the client.
    writeNewFile(file, '.', { sync: false });
    return statSync(file).mtimeMs;
  } catch {
    return undefined;
  } finally {
    removeQuietly(file);
  }
}
