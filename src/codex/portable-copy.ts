import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseJson, record } from './json.ts';
import { threadIdOf } from './thread-files.ts';

/** A thread that any account can go on with. */
export interface PortableCopy {
  id: string;
  rollout: string;
}

/**
 * Copies a thread beside itself, under an id of its own and without what is encrypted for one account: the reasoning, and
 * compacted history that nobody else can read. The original stays as it is. Read line by line: a rollout may have 50 MB.
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
  const source = await open(from, 'r');
  const target = await open(to, 'wx', 0o600).catch(async (error) => {
    await source.close();
    throw error;
  });
  try {
    for await (const line of source.readLines({ autoClose: false })) {
      const changed = line === '' ? undefined : change(line);
      if (changed !== undefined) await target.write(`${changed}\n`);
    }
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

/** The line as another account may see it, or undefined for one that it may not see at all. */
function makePortable(line: string): string | undefined {
  // Nearly all lines: nothing in them is anybody's own.
  if (!line.includes('encrypted_content') && !line.includes('"reasoning"')) return line;
  const entry = record(parseJson(line));
  const payload = record(entry?.payload);
  if (entry === undefined || payload === undefined) return line;
  if (entry.type === 'response_item') return isPrivate(payload) ? undefined : line;
  const history = payload.replacement_history;
  if (entry.type !== 'compacted' || !Array.isArray(history)) return line;
  const kept = history.filter((item) => !isPrivate(record(item) ?? {}));
  return JSON.stringify({ ...entry, payload: { ...payload, replacement_history: kept } });
}

function isPrivate(item: Record<string, unknown>): boolean {
  return item.type === 'reasoning' || typeof item.encrypted_content === 'string';
}

/** A UUID of version 7, as Codex's own: the time in milliseconds comes first. */
function makeThreadId(now: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
