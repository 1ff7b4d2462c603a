import { percentLeft, type Usage } from '../../accounts/usage.ts';
import type { LimitWindow } from '../../codex/bounds.ts';
import { describeWait } from '../time-text.ts';

/** One line: `5 h 75% left, weekly 20% left (resets in 2 d 3 h)`. */
export function summariseUsage(usage: Usage, now: Date): string {
  if (usage.windows.length === 0) return 'no limits';
  return sortByLength(usage.windows)
    .map((window) => describeWindow(window, now))
    .join(', ');
}

/** The percent left as a bar: `███████░░░ 72%`. */
export function drawBar(percent: number): string {
  const full = Math.round(percent / 10);
  return `${'█'.repeat(full)}${'░'.repeat(10 - full)} ${Math.floor(percent)}%`;
}

/** The name of a window of this length. */
export function nameWindow(minutes: number | undefined): string {
  if (minutes === undefined) return 'limit';
  if (minutes === 10_080) return 'weekly';
  if (minutes === 1440) return 'daily';
  if (minutes % 1440 === 0) return `${minutes / 1440} d`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}

/** Sorts windows, the shortest first. Their order in Codex's answer means nothing. */
export function sortByLength(windows: readonly LimitWindow[]): LimitWindow[] {
  return windows.toSorted((a, b) => (a.minutes ?? 0) - (b.minutes ?? 0));
}

/** The source and the age of figures: `live, 5 min ago`; after an hour the source is `cached`. @param at ISO 8601. */
export function describeAge(source: Usage['source'], at: string, now: Date): string {
  const minutes = Math.max(0, Math.floor((now.getTime() - Date.parse(at)) / 60_000));
  return `${minutes >= CACHED_AFTER_MINUTES ? 'cached' : source}, ${describeMinutesAgo(minutes)}`;
}

function describeMinutesAgo(minutes: number): string {
  if (minutes < 1) return 'now';
  if (minutes < 60) return `${minutes} min ago`;
  return minutes < 2880
    ? `${Math.floor(minutes / 60)} h ago`
    : `${Math.floor(minutes / 1440)} d ago`;
}

const CACHED_AFTER_MINUTES = 60;

function describeWindow(window: LimitWindow, now: Date): string {
  const left = percentLeft(window, now.getTime() / 1000);
  const reset =
    window.resetsAt === undefined || left === 100
      ? ''
      : ` (resets ${describeWait(window.resetsAt, now)})`;
  return `${nameWindow(window.minutes)} ${Math.floor(left)}% left${reset}`;
}
