import { closeSync, fstatSync, openSync, readSync, utimesSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { attempt } from './attempt.ts';
import { fileSystemTime } from './file-clock.ts';

/** How often a living process touches its record, for machines that cannot see our processes. */
export const BEAT_MS = 60_000;
/** A record without a touch for so long is free: its owner is dead, or suspended and must check the lease when it wakes. */
export const SILENCE_MS = 5 * 60_000;

/** Touches the file each minute, until {@link stopBeating} or the end of this process. Keeps no process alive. */
export function startBeating(file: string): void {
  beating.add(file);
  timer ??= setInterval(() => beating.forEach(touch), BEAT_MS).unref();
}

export function stopBeating(file: string): void {
  beating.delete(file);
  if (beating.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

/**
 * Whether a file was touched in the last five minutes, by the clock of its file system; true when that cannot be found out.
 * A time in the future means that the clock was set back: the file is touched, so that it can become old.
 */
export function beatsLately(file: string): boolean {
  const now = fileSystemTime(dirname(file));
  const touched = timeOf(file);
  if (now === undefined || touched === undefined) return true;
  if (touched > now + BEAT_MS) touch(file);
  return now - touched < SILENCE_MS;
}

// One timer for all files, because each timer wakes the processor.
const beating = new Set<string>();
let timer: NodeJS.Timeout | undefined;

/**
 * Gives a file the present time of its file system, by writing its first byte again. utimes(2) as Node calls it would give
 * the time of our own clock; that is used when the write fails, as on a full copy-on-write disk.
 */
function touch(file: string): void {
  try {
    const fd = openSync(file, 'r+');
    try {
      const byte = Buffer.alloc(1);
      if (readSync(fd, byte, 0, 1, 0) === 1) writeSync(fd, byte, 0, 1, 0);
    } finally {
      closeSync(fd);
    }
  } catch {
    attempt(() => utimesSync(file, new Date(), new Date()));
  }
}

/** By open(2), not stat(2): a client of a file server may cache the times of a file for a minute. */
function timeOf(file: string): number | undefined {
  return attempt(() => {
    const fd = openSync(file, 'r');
    try {
      return fstatSync(fd).mtimeMs;
    } finally {
      closeSync(fd);
    }
  });
}
