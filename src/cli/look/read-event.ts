import {
  MAX_LENGTH,
  readEpochSeconds,
  readPercent,
  readText,
  readWindowMinutes,
} from '../../codex/bounds.ts';
import { parseJson, readObject } from '../../codex/json.ts';
import type { HotswapEvent } from '../../state/events.ts';

/** An event that was read from the log. */
export type LoggedEvent =
  | { kind: 'known'; at: unknown; event: HotswapEvent }
  /** An event of a newer version, or one that was edited by hand. */
  | { kind: 'other'; at: unknown; type: string; fields: Record<string, unknown> };

/**
 * Reads a line of the log; undefined when it is no event. A field of a wrong type is left out. Texts and numbers are bounded.
 */
export function readEvent(line: string): LoggedEvent | undefined {
  const found = readObject(parseJson(line));
  const type = readText(found?.type, MAX_LENGTH.name);
  if (found === undefined || type === undefined) return undefined;
  const { at, launch: _launch, type: _type, ...fields } = found;
  const shape = Object.hasOwn(SHAPES, type) ? SHAPES[type as HotswapEvent['type']] : undefined;
  const event = shape && readFields(fields, shape);
  return event === undefined
    ? { kind: 'other', at, type, fields }
    : { kind: 'known', at, event: { ...event, type } as HotswapEvent };
}

type Read = (value: unknown) => unknown;
/** The reader of each field of an event. A field whose name ends with `?` may be missing. */
type Shape = Record<string, Read>;

function readFields(fields: Record<string, unknown>, shape: Shape) {
  const event: Record<string, unknown> = {};
  for (const [key, read] of Object.entries(shape)) {
    const name = key.replace('?', '');
    const value = Object.hasOwn(fields, name) ? read(fields[name]) : undefined;
    if (value === undefined && name === key) return undefined;
    if (value !== undefined) event[name] = value;
  }
  return event;
}

const text: Read = (value) => readText(value, MAX_LENGTH.message);
const path: Read = (value) => readText(value, MAX_LENGTH.path);
const count: Read = (value) => {
  return typeof value === 'number' && value >= 0 && value <= 1e12 ? value : undefined;
};
const timeOrNever: Read = (value) => (value === null ? null : readEpochSeconds(value));
const awaited: Read = (value) => {
  const { target, until } = readObject(value) ?? {};
  const [name, end] = [readText(target, MAX_LENGTH.name), readEpochSeconds(until)];
  return name === undefined || end === undefined ? undefined : { target: name, until: end };
};

const SHAPES: Record<HotswapEvent['type'], Shape> = {
  launch: { mode: text, target: text, slot: count, 'cwd?': path },
  client: { name: text },
  bound: { thread: text, target: text },
  suspected: { 'thread?': text, source: text, 'kind?': text },
  confirmed: { 'thread?': text, target: text, kind: text, until: timeOrNever },
  'agent-refused': {
    ...{ agent: text, 'agentName?': text, 'thread?': text },
    ...{ target: text, kind: text, until: timeOrNever },
  },
  unconfirmed: { 'thread?': text, source: text, 'kind?': text, 'reason?': text },
  rotated: {
    ...{ 'thread?': text, from: text, to: text, kind: text },
    ...{ 'left?': readPercent, 'minutes?': readWindowMinutes },
  },
  exhausted: { target: text, 'earliest?': awaited },
  waiting: { target: text, until: readEpochSeconds },
  waited: { target: text, outcome: text, 'reason?': text },
  copied: { target: text, from: text, to: text },
  resumed: { 'thread?': text, target: text, 'milliseconds?': count },
  retry: { 'thread?': text, reason: text, attempt: count },
  'needs-login': { target: text, 'reason?': text },
  refreshed: { target: text, milliseconds: count },
  'refresh-failed': { target: text, reason: text },
  ended: { status: text, 'target?': text, 'thread?': text },
  reclaimed: { slot: count, pid: count },
  adopted: { slot: count, entry: path, outcome: text, 'backup?': path },
  'set-aside': { file: path, reason: text },
  notice: { message: text },
};
