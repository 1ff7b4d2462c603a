import { describeError } from '../errors.ts';

/**
 * The writes of a running session: marks, usage, the current account, the users of the slot, the registry, the link of the
 * shared home. A full disk may lose such a record, but must not end the session.
 */
export interface DeferredWrites {
  /**
   * Writes. A failed write stays in memory (the newest of each name) and is tried again after the next write that succeeds,
   * and at the end. Never throws.
   * @param name for the user, and for {@link isWritten}: "the limit of work".
   * @returns whether the write succeeded.
   */
  attempt(name: string, write: () => void): boolean;
  /** False while the newest write of this name has failed. */
  isWritten(name: string): boolean;
  /** Tries all failed writes again. */
  retry(): void;
  /** Tries once more; one line that names the writes that still fail, or undefined. */
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
      return `could not be saved: ${[...failed.keys()].join(', ')}; ${why}`;
    },
  };
}

/** For an action that the session needs: one failure may be temporary, three are not. @throws the last error. */
export function retryNow<T>(act: () => T): T {
  for (let failures = 0; ; ) {
    try {
      return act();
    } catch (error) {
      failures += 1;
      if (failures === 3) throw error;
    }
  }
}

/** {@link retryNow} for an asynchronous action. */
export function retryAsync<T>(act: () => Promise<T>): Promise<T> {
  return act().catch(act).catch(act);
}
