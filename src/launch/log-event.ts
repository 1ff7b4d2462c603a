import { appendEvent, type HotswapEvent, type Logged } from '../state/events.ts';
import type { Paths } from '../state/paths.ts';

/** Writes an event with the time of now into the log. @param launch the name of the launch, if it has a record. */
export function logEvent(paths: Paths, event: Logged, launch?: string): void {
  const at = new Date().toISOString();
  appendEvent(paths, { at, ...(launch === undefined ? {} : { launch }), ...event } as HotswapEvent);
}
