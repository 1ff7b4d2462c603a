import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseJson, readObject } from './json.ts';
import { AGENT_NAMESPACE, createItemFilter } from './portable-item.ts';
import { createReadableHistory } from './readable-history.ts';
import { listRolloutsByDate } from './rollout-dates.ts';
import { openRolloutFile } from './rollout-file.ts';
import { parseThreadId } from './thread-files.ts';

/** A copy of a thread. Every account can resume it. */
export interface PortableCopy {
  id: string;
  rollout: string;
}

/**
 * Copies a thread into the same directory, under a new id. The copy has nothing that is encrypted for one account
 * (facts 61 to 63): no reasoning, and the messages instead of the summary of a compaction. The original stays
 * unchanged.
 * @throws Error when the file is no rollout, and what the file system throws.
 */
export async function copyWithoutEncrypted(
  rollout: string,
  now = Date.now(),
): Promise<PortableCopy> {
  const parent = parseThreadId(rollout);
  if (parent === undefined) throw new Error(`${rollout} is no rollout`);
  const id = makeThreadId(now);
  const [stem] = basename(rollout).split(parent) as [string];
  const copy = join(dirname(rollout), `${stem}${id}.jsonl`);
  // Codex reads a file of this name as a thread at once, so the copy must appear complete.
  const temporary = join(dirname(rollout), `.${basename(copy)}.tmp`);
  try {
    const filterLine = createLineFilter();
    await copyLines(rollout, temporary, (line) => filterLine(line)?.replaceAll(parent, id));
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
    for await (const line of readLines(from, Number.POSITIVE_INFINITY)) {
      const changed = change(line);
      if (changed !== undefined) await target.write(`${changed}\n`);
    }
  } finally {
    await target.close();
  }
}

/**
 * The lines of a rollout before an ordinal. A fork only refers to the lines of its parent (`history_base`, fact 58),
 * which are encrypted for the old account. So the lines replace the reference: they follow the first line.
 */
async function* readLines(
  rollout: string,
  endOrdinal: number,
  forks: readonly string[] = [],
): AsyncGenerator<string> {
  if (forks.includes(rollout)) throw new Error(`${rollout} is forked from itself`);
  const source = await openRolloutFile(rollout);
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
        throw new Error(`${rollout} is a fork of ${base.thread}, which is gone`);
      let isMeta = true;
      const end = Math.min(base.endOrdinal, endOrdinal);
      for await (const inherited of readLines(parent, end, [...forks, rollout])) {
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
  const entry = readObject(parseJson(line));
  const { history_base, ...payload } = readObject(entry?.payload) ?? {};
  const base = readObject(history_base);
  const [thread, endOrdinal] = [base?.thread_id, base?.end_ordinal_exclusive];
  if (typeof thread !== 'string' || typeof endOrdinal !== 'number') return undefined;
  return { meta: JSON.stringify({ ...entry, ordinal: 0, payload }), thread, endOrdinal };
}

function findRollout(beside: string, thread: string): string | undefined {
  const home = beside.replace(/\/(?:archived_)?sessions\/.*$/, '');
  for (const rollout of listRolloutsByDate(home)) {
    if (parseThreadId(rollout) === thread) return rollout;
  }
  return undefined;
}

/** Takes the lines of one rollout in order, and returns each without encrypted parts; undefined when nothing is left. */
function createLineFilter(): (line: string) => string | undefined {
  const history = createReadableHistory();
  const filterItem = createItemFilter();

  return (line) => {
    if (!mayNeedChange(line)) return line;
    const entry = readObject(parseJson(line));
    const payload = readObject(entry?.payload);
    if (entry === undefined || payload === undefined) return line;
    if (entry.type === 'response_item') {
      history.note(payload);
      const portable = filterItem(payload);
      if (portable === payload) return line;
      return portable && JSON.stringify({ ...entry, payload: portable });
    }
    if (entry.type !== 'compacted' || !Array.isArray(payload.replacement_history)) return line;
    const items = payload.replacement_history.map((item) => readObject(item) ?? {});
    const replacement_history = history.restore(items).flatMap((item) => filterItem(item) ?? []);
    return JSON.stringify({ ...entry, payload: { ...payload, replacement_history } });
  };
}

/** False for most lines, the output of tools: they need no parsing. */
function mayNeedChange(line: string): boolean {
  const head = line.slice(0, 300);
  if (/"type":"(?:message|reasoning|compacted)"/.test(head)) return true;
  if (line.includes('encrypted_content') || head.includes('"function_call_output"')) return true;
  return line.includes(`"namespace":"${AGENT_NAMESPACE}"`);
}

/** A UUID of version 7, as Codex makes them: it begins with the time in milliseconds. */
function makeThreadId(now: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
