import { readIsoTime } from '../../codex/bounds.ts';
import { parseJson, readObject } from '../../codex/json.ts';
import type { Paths } from '../../state/paths.ts';
import { readEventLines } from '../look/event-lines.ts';

/** An event as it stands in the log, whatever is in it. */
export type RawEvent = Record<string, unknown>;

/** All events, oldest first, and why a file of them could not be read. */
export function readRawEvents({ eventsFile }: Pick<Paths, 'eventsFile'>): {
  found: RawEvent[];
  errors: unknown[];
} {
  const found: RawEvent[] = [];
  const errors: unknown[] = [];
  for (const file of [`${eventsFile}.1`, eventsFile]) {
    try {
      const events = readEventLines(file).lines.map((line) => readObject(parseJson(line)));
      found.push(...events.filter((event) => event !== undefined));
    } catch (error) {
      errors.push(error);
    }
  }
  return { found, errors };
}

/** `<time> <type> key=value …`, at most twenty fields. */
export function describeRawEvent({ at, type, ...fields }: RawEvent): string {
  return [readIsoTime(at) ?? 'at some time', type, ...describeFields(fields, '')].join(' ');
}

function describeFields(fields: RawEvent, prefix: string): string[] {
  return Object.entries(fields)
    .slice(0, 20)
    .flatMap(([key, value]) => {
      const inner = readObject(value);
      if (inner === undefined) return [`${prefix}${key}=${describeValue(key, value)}`];
      return prefix === '' ? describeFields(inner, `${key}.`) : [`${prefix}${key}=…`];
    });
}

function describeValue(key: string, value: unknown): string {
  if (key === 'until' && typeof value === 'number' && Math.abs(value) < 1e11) {
    return new Date(value * 1000).toISOString();
  }
  return typeof value === 'object' && value !== null ? '…' : String(value);
}
