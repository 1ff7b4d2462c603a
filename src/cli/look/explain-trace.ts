import { readTimestamp } from '../../codex/bounds.ts';
import { parseJson, readObject } from '../../codex/json.ts';
import { toPlainText } from '../../plain-text.ts';
import { listFields } from './list-fields.ts';

/** The steps of each session in the order of the trace, with the seconds since the session began. Pure. */
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
        `session ${plain(pid)} began at ${plain(entry.at)}: codex-hotswap ${plain(entry.version)}, node ${plain(entry.node)}`,
      );
    } else {
      // Several sessions may write into one file.
      if (pid !== last) lines.push(`session ${plain(pid)}:`);
      const seconds = ((at ?? Number.NaN) - (beganAt.get(pid) ?? Number.NaN)) / 1000;
      const time = Number.isNaN(seconds) ? '?' : `+${seconds.toFixed(3)}`;
      lines.push(`${time.padStart(10)}  ${describeEntry(entry)}`);
    }
    last = pid;
  }
  return lines;
}

/** `running: triggered (source state) → suspected: seek-proof (source state), hold-input`. */
function describeEntry(entry: Record<string, unknown>): string {
  const { state, event, effects, next, note, facts, stopped } = entry;
  if (stopped !== undefined) return `the trace ends: ${plain(stopped)}`;
  if (note !== undefined) return `note: ${plain(note)}${describeFields(readObject(facts) ?? {})}`;
  const move = next === state ? '' : ` → ${plain(next)}`;
  const done = Array.isArray(effects)
    ? effects.slice(0, 20).map((effect) => describeNamed(effect, 'do'))
    : [];
  return `${plain(state)}: ${describeNamed(event, 'name')}${move}${done.length === 0 ? '' : `: ${done.join(', ')}`}`;
}

function describeNamed(value: unknown, key: string): string {
  const { [key]: name, ...fields } = readObject(value) ?? {};
  return `${plain(name)}${describeFields(fields)}`;
}

/** ` (target acc2, mark.kind window-5h)`. */
function describeFields(record: object): string {
  const fields = listFields(record).map(([name, value]) => `${name} ${plain(value)}`);
  return fields.length === 0 ? '' : ` (${fields.join(', ')})`;
}

function plain(value: unknown): string {
  return typeof value === 'object' ? '?' : toPlainText(String(value ?? '?'), 100);
}
