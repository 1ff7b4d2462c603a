import type { Event } from './events.ts';

/** Events are handled one after the other, also those that come while one is handled. */
export interface EventQueue {
  add(event: Event): void;
  /** No event is handled any more. */
  close(): void;
}

/** @param failed gets what `handle` throws. */
export function createEventQueue(
  handle: (event: Event) => void,
  failed: (error: unknown) => void,
): EventQueue {
  const queue: Event[] = [];
  let isBusy = false;
  let isClosed = false;
  return {
    add(event) {
      queue.push(event);
      if (isBusy || isClosed) return;
      isBusy = true;
      try {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) handle(next);
      } catch (error) {
        failed(error);
      } finally {
        isBusy = false;
      }
    },
    close() {
      isClosed = true;
    },
  };
}
