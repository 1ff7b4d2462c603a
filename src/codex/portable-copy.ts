import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseJson, record } from './json.ts';
import { AGENTS, createMakePortable } from './portable-item.ts';
import { createReadableHistory } from './readable-history.ts';
import { rolloutsByDate } from './rollout-dates.ts';
import { openRollout } from './rollout-file.ts';
import { threadIdOf } from './thread-files.ts';

/** A thread that any account can go on with. */
export interface PortableCopy {
  id: string;
  rollout: string;
}

/**
 * Copies a thread beside itself, under an id of its own and without what is encrypted for one account: the reasoning, and
 * the summary of a compacted history, for which what was said stands in. The original stays as it is. Read line by line:
 * a rollout may have 50 MB.
 * @throws Error when the file is no rollout, and what the file system throws.
 */
export async function copyPortable(rollout: string, now = Date.now()): Promise<PortableCopy> {
  const parent = threadIdOf(rollout);
  if (parent === undefined) throw new Error(`${rollout} is no rollout`);
  const id = makeThreadId(now);
  const [stem] = basename(rollout).split(parent) as [string];
  const copy = join(dirname(rollout), `${stem}${id}.jsonl`);
  // Codex takes files of this name for threads as soon as they are there, so it appears whole.
  const temporary = join(dirname(rollout), `.${basename(copy)}.tmp`);
  try {
    const makePortable = createMakeLinePortable();
    await copyLines(rollout, temporary, (line) => makePortable(line)?.replaceAll(parent, id));
    await rename(temporary, copy);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return { id, rollout: copy };
}

async function copyLines(
  from: string,
  to: string,
  change: (line: string) => string | undefined,
): Promise<void> {
  const target = await open(to, 'wx', 0o600);
  try {
    for await (const line of linesOf(from, Number.POSITIVE_INFINITY)) {
      const changed = change(line);
      if (changed !== undefined) await target.write(`${changed}\n`);
    }
  } finally {
    await target.close();
  }
}

/**
 * The lines of a rollout up to an ordinal. A fork only refers to what it was forked from (`history_base`, fact 58):
 * that would still be another account's, so it is put in after the first line, which no longer refers to it.
 */
async function* linesOf(
  rollout: string,
  endOrdinal: number,
  forks: readonly string[] = [],
): AsyncGenerator<string> {
  if (forks.includes(rollout)) throw new Error(`${rollout} is forked from itself`);
  const source = await openRollout(rollout);
  try {
    let isFirst = true;
    for await (const line of source.readLines({ autoClose: false })) {
      if (line === '') continue;
      const base = isFirst ? readBase(line) : undefined;
      isFirst = false;
      if (base === undefined) {
        const ordinal = /"ordinal":(\d+)/.exec(line.slice(0, 100))?.[1];
        if (ordinal !== undefined && Number(ordinal) >= endOrdinal) return;
        yield line;
        continue;
      }
      yield base.meta;
      const parent = findRollout(rollout, base.thread);
      if (parent === undefined)
        throw new Error(`the thread it was forked from is gone: ${base.thread}`);
      let isMeta = true;
      const end = Math.min(base.endOrdinal, endOrdinal);
      for await (const inherited of linesOf(parent, end, [...forks, rollout])) {
        if (!isMeta) yield inherited;
        isMeta = false;
      }
    }
  } finally {
    await source.close();
  }
}

function readBase(line: string): { meta: string; thread: string; endOrdinal: number } | undefined {
  if (!line.includes('"history_base"')) return undefined;
  const entry = record(parseJson(line));
  const { history_base, ...payload } = record(entry?.payload) ?? {};
  const base = record(history_base);
  const [thread, endOrdinal] = [base?.thread_id, base?.end_ordinal_exclusive];
  if (typeof thread !== 'string' || typeof endOrdinal !== 'number') return undefined;
  return { meta: JSON.stringify({ ...entry, ordinal: 0, payload }), thread, endOrdinal };
}

function findRollout(beside: string, thread: string): string | undefined {
  const home = beside.replace(/\/(?:archived_)?sessions\/.*$/, '');
  for (const rollout of rolloutsByDate(home)) if (threadIdOf(rollout) === thread) return rollout;
  return undefined;
}

/** Makes the lines of one rollout, in order, fit for another account; undefined for one that it may not see at all. */
function createMakeLinePortable(): (line: string) => string | undefined {
  const history = createReadableHistory();
  const makePortable = createMakePortable();

  return (line) => {
    // Nearly all lines are the output of tools: nothing in them was said, or is anybody's own.
    if (!isOfInterest(line)) return line;
    const entry = record(parseJson(line));
    const payload = record(entry?.payload);
    if (entry === undefined || payload === undefined) return line;
    if (entry.type === 'response_item') {
      history.note(payload);
      const portable = makePortable(payload);
      if (portable === payload) return line;
      return portable && JSON.stringify({ ...entry, payload: portable });
    }
    if (entry.type !== 'compacted' || !Array.isArray(payload.replacement_history)) return line;
    const items = payload.replacement_history.map((item) => record(item) ?? {});
    const replacement_history = history.restore(items).flatMap((item) => makePortable(item) ?? []);
    return JSON.stringify({ ...entry, payload: { ...payload, replacement_history } });
  };
}

function isOfInterest(line: string): boolean {
  const head = line.slice(0, LOOKED_AT);
  if (OF_INTEREST.test(head) || line.includes('encrypted_content')) return true;
  return head.includes('"function_call_output"') || line.includes(`"namespace":"${AGENTS}"`);
}

/** As Codex writes them. */
const OF_INTEREST = /"type":"(?:message|reasoning|compacted)"/;
const LOOKED_AT = 300;

/** A UUID of version 7, as Codex's own: the time in milliseconds comes first. */
function makeThreadId(now: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
