import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** The calls with which a file system is changed. */
const CHANGES = [
  'appendFileSync',
  'chmodSync',
  'copyFileSync',
  'cpSync',
  'fchmodSync',
  'linkSync',
  'mkdirSync',
  'renameSync',
  'rmdirSync',
  'rmSync',
  'symlinkSync',
  'truncateSync',
  'unlinkSync',
  'utimesSync',
  'writeFileSync',
  'writeSync',
] as const;

type Change = (typeof CHANGES)[number] | 'openSync';

/** What the process does when it is killed: nothing any more. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

export interface TurnWatch {
  /** Which changes count; default: all. */
  counts?(call: string, args: readonly unknown[]): boolean;
  /** Runs before the n-th change, counted from 1; what it throws, the call throws. */
  before?(n: number, call: string, args: readonly unknown[]): void;
}

/**
 * Runs an action with every change of the file system counted.
 * @returns how many changes there were, and what the action threw.
 */
export async function watchChanges(
  action: () => unknown,
  { counts = () => true, before }: TurnWatch = {},
): Promise<{ changes: number; error: unknown }> {
  const real: Record<string, unknown> = {};
  const changing = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
  let changes = 0;
  let isInside = false;
  const wrap = (name: Change) => {
    const original = changing[name] as (...args: unknown[]) => unknown;
    real[name] = original;
    changing[name] = (...args: unknown[]) => {
      const isReading = name === 'openSync' && isReadOnly(args[1]);
      if (isInside || isReading || !counts(name, args)) return original.apply(fs, args);
      changes += 1;
      isInside = true;
      try {
        before?.(changes, name, args);
      } finally {
        isInside = false;
      }
      return original.apply(fs, args);
    };
  };
  for (const name of [...CHANGES, 'openSync'] as const) wrap(name);
  syncBuiltinESMExports();
  try {
    await action();
    return { changes, error: undefined };
  } catch (error) {
    return { changes, error };
  } finally {
    Object.assign(changing, real);
    syncBuiltinESMExports();
  }
}

/** fsync does nothing from now on: it would cost most of the time. @returns how it comes back. */
export function leaveOutSync(): () => void {
  const real = fs.fsyncSync;
  fs.fsyncSync = () => undefined;
  syncBuiltinESMExports();
  return () => {
    fs.fsyncSync = real;
    syncBuiltinESMExports();
  };
}

function isReadOnly(flags: unknown): boolean {
  if (typeof flags === 'number')
    return (flags & (fs.constants.O_CREAT | fs.constants.O_WRONLY | fs.constants.O_RDWR)) === 0;
  return flags === undefined || flags === 'r';
}
