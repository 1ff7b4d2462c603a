import { appendEvent, type HotswapEvent, type Logged } from '../state/events.ts';
import type { Paths } from '../state/paths.ts';

/** Writes an event of now into the log. @param launch the launch it belongs to, where that is on record. */
export function logEvent(paths: Paths, event: Logged, launch?: string): void {
  const at = new Date().toISOString();
  appendEvent(paths, { at, ...(launch === undefined ? {} : { launch }), ...event } as HotswapEvent);
}
