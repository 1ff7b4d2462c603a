import { describeError } from '../errors.ts';

/**
 * What a session writes for the record while a Codex of its runs: marks, usage, the current account, who uses the slot,
 * the registry, the link of the shared home. None of it decides how the session ends: a full disk costs the record.
 */
export interface DeferredWrites {
  /**
   * Writes. What fails is kept in memory, the newest write of each name, and tried again after the next write that goes
   * well, and at the end. Never throws.
   * @param name for the user, and for {@link isWritten}: "the limit of work".
   * @returns whether it is written.
   */
  attempt(name: string, write: () => void): boolean;
  /** False for what failed, as long as it waits to be tried again. */
  isWritten(name: string): boolean;
  /** Tries again what failed. */
  retry(): void;
  /** After another try: one line about what is still not written. Undefined when all is. */
  summary(): string | undefined;
}

export function createDeferredWrites(): DeferredWrites {
  const failed = new Map<string, { write: () => void; error: unknown }>();

  function write(name: string, act: () => void): boolean {
    try {
      act();
    } catch (error) {
      failed.set(name, { write: act, error });
      return false;
    }
    failed.delete(name);
    return true;
  }

  function retry(): void {
    for (const [name, { write: act }] of [...failed]) write(name, act);
  }

  return {
    attempt(name, act) {
      const isWritten = write(name, act);
      if (isWritten) retry();
      return isWritten;
    },
    isWritten: (name) => !failed.has(name),
    retry,
    summary() {
      retry();
      const [first] = failed.values();
      if (first === undefined) return undefined;
      const why = describeError(first.error).text.replace(/^codex-hotswap: /, '');
      return `not put on record: ${[...failed.keys()].join(', ')}; ${why}`;
    },
  };
}

/** An act without which the session cannot go on: one failure may be a moment's, three are not. Throws the last error. */
export function retryNow<T>(act: () => T, attempts = 3): T {
  for (let left = attempts; ; left--) {
    try {
      return act();
    } catch (error) {
      if (left <= 1) throw error;
    }
  }
}

/** The same for an act that takes its time. */
export async function retryAsync<T>(act: () => Promise<T>, attempts = 3): Promise<T> {
  for (let left = attempts; ; left--) {
    try {
      return await act();
    } catch (error) {
      if (left <= 1) throw error;
    }
  }
}
