/** Timers that are all given up together. */
export interface Timers {
  after(ms: number, act: () => void): void;
  cancel(): void;
}

export function createTimers(): Timers {
  const pending = new Set<NodeJS.Timeout>();
  return {
    after(ms, act) {
      const timer = setTimeout(() => {
        pending.delete(timer);
        act();
      }, ms);
      pending.add(timer);
    },
    cancel() {
      for (const timer of pending) clearTimeout(timer);
      pending.clear();
    },
  };
}
