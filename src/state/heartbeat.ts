import { closeSync, fstatSync, openSync, readSync, utimesSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileSystemTime } from './file-clock.ts';

/** How often a record of a living process is touched, for machines that cannot look at our processes. */
export const BEAT_MS = 60_000;
/** After so long without a beat its owner is dead, or suspended: then it has to look whether it is still the owner. */
export const SILENCE_MS = 5 * 60_000;

/** From now on the file is touched each minute, until {@link stopBeating} or our end. Keeps no process alive. */
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
 * Whether a file was touched in the last five minutes, by the clock of its file system. What cannot be told counts as
 * touched. A time in the future is of a clock that was put back: the file is touched, so that it can grow old.
 */
export function beatsLately(file: string): boolean {
  const now = fileSystemTime(dirname(file));
  const touched = timeOf(file);
  if (now === undefined || touched === undefined) return true;
  if (touched > now + BEAT_MS) touch(file);
  return now - touched < SILENCE_MS;
}

// One timer for all: each wakes the processor.
const beating = new Set<string>();
let timer: NodeJS.Timeout | undefined;

/**
 * Gives a file the present time of its file system. Its first byte is written anew for that: utimes(2) as Node calls it
 * would give it the time of our own clock.
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
    touchByOwnClock(file);
  }
}

// A full disk of a kind that writes each change to a new place.
function touchByOwnClock(file: string): void {
  try {
    const now = new Date();
    utimesSync(file, now, now);
  } catch {
    // Gone: the owner has let it go, or lost it.
  }
}

/** Opened, not only looked at: a client of a file server may remember the times of a file for a minute. */
function timeOf(file: string): number | undefined {
  try {
    const fd = openSync(file, 'r');
    try {
      return fstatSync(fd).mtimeMs;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
