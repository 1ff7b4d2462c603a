import { readTimestamp } from '../../codex/bounds.ts';
import { parseJson, readObject } from '../../codex/json.ts';
import { toPlainText } from '../../plain-text.ts';

type Entry = Record<string, unknown>;

/** The steps of each session in the order in which they were written, with the seconds since it began. Pure. */
export function explainTrace(text: string): string[] {
  const beganAt = new Map<unknown, number>();
  const lines: string[] = [];
  let last: unknown;
  for (const line of text.split('\n')) {
    const entry = readObject(parseJson(line));
    if (entry === undefined) continue;
    const { pid } = entry;
    const at = readTimestamp(entry.at);
    if (entry.trace !== undefined) {
      if (at !== undefined) beganAt.set(pid, at);
      lines.push(
        `session ${word(pid)} began at ${word(entry.at)}: codex-hotswap ${word(entry.version)}, node ${word(entry.node)}`,
      );
      last = pid;
      continue;
    }
    // Several sessions may write into one file.
    if (pid !== last) lines.push(`session ${word(pid)}:`);
    last = pid;
    const began = beganAt.get(pid);
    const time =
      at === undefined || began === undefined ? '?' : `+${((at - began) / 1000).toFixed(3)}`;
    lines.push(`${time.padStart(10)}  ${describeEntry(entry)}`);
  }
  return lines;
}

/** `running: triggered (source state) → suspected: seek-proof (source state), hold-input`. */
function describeEntry({ state, event, effects, next, note, facts, stopped }: Entry): string {
  if (stopped !== undefined) return `the trace ends: ${word(stopped)}`;
  if (note !== undefined) return `note: ${word(note)}${describeFields(readObject(facts) ?? {})}`;
  const move = next === state ? '' : ` → ${word(next)}`;
  const done = Array.isArray(effects)
    ? effects.slice(0, 20).map((one) => describeNamed(one, 'do'))
    : [];
  return `${word(state)}: ${describeNamed(event, 'name')}${move}${done.length === 0 ? '' : `: ${done.join(', ')}`}`;
}

function describeNamed(value: unknown, key: string): string {
  const { [key]: name, ...fields } = readObject(value) ?? {};
  return `${word(name)}${describeFields(fields)}`;
}

/** ` (target acc2, mark.kind window-5h)`, at most twenty of them. */
function describeFields(fields: Entry): string {
  const told = listFields(fields, '', 0).slice(0, 20);
  return told.length === 0 ? '' : ` (${told.join(', ')})`;
}

function listFields(fields: Entry, prefix: string, depth: number): string[] {
  return Object.entries(fields).flatMap(([key, value]) => {
    const name = `${prefix}${toPlainText(key, 40)}`;
    if (typeof value !== 'object' || value === null) return [`${name} ${word(value)}`];
    return depth < 3 ? listFields(value as Entry, `${name}.`, depth + 1) : [];
  });
}

function word(value: unknown): string {
  return typeof value === 'object' ? '?' : toPlainText(String(value ?? '?'), 100);
}
