/** Timers that are all cancelled together. */
export interface Timers {
  after(ms: number, act: () => void): void;
  cancel(): void;
}

/** @param failed gets the exception of an act. */
export function createTimers(failed: (error: unknown) => void = rethrow): Timers {
  const pending = new Set<NodeJS.Timeout>();
  return {
    after(ms, act) {
      const timer = setTimeout(() => {
        pending.delete(timer);
        try {
          act();
        } catch (error) {
          failed(error);
        }
      }, ms);
      pending.add(timer);
    },
    cancel() {
      for (const timer of pending) clearTimeout(timer);
      pending.clear();
    },
  };
}

function rethrow(error: unknown): never {
  throw error;
}
