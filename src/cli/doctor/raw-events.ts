import { readIsoTime } from '../../codex/bounds.ts';
import { parseJson, readObject } from '../../codex/json.ts';
import type { Paths } from '../../state/paths.ts';
import { readEventLines } from '../look/event-lines.ts';
import { listFields } from '../look/list-fields.ts';

/** An event of the log with all its fields, none of them checked. */
export type RawEvent = Record<string, unknown>;

/** All events, oldest first, and the errors of the files that could not be read. */
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

/** `<time> <type> key=value …`. */
export function describeRawEvent({ at, type, ...fields }: RawEvent): string {
  const words = listFields(fields).map(([name, value]) => `${name}=${describeValue(name, value)}`);
  return [readIsoTime(at) ?? 'at some time', type, ...words].join(' ');
}

function describeValue(name: string, value: unknown): string {
  const isTime = /(^|\.)until$/.test(name) && typeof value === 'number' && Math.abs(value) < 1e11;
  if (isTime) return new Date(value * 1000).toISOString();
  return typeof value === 'object' && value !== null ? '…' : String(value);
}
