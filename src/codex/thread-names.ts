import { join } from 'node:path';
import { readTail } from '../regular-file.ts';
import type { AppServerRequest } from './app-server.ts';
import { MAX_LENGTH, readText } from './bounds.ts';
import { parseJson, readObject } from './json.ts';
import { readRolloutFacts } from './rollout-file.ts';
import { readThreadPreview } from './thread-preview.ts';

/** One line of 200 bytes for each name that was given. */
const INDEX_BYTES = 1024 * 1024;

/**
 * The names that Codex lists threads by, by the ids of the threads: the last ones in `session_index.jsonl` (fact 101). Names are
 * text of others.
 */
export function readThreadNames(codexHome: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const line of readIndex(codexHome).split('\n')) {
    const { id, thread_name } = readObject(parseJson(line)) ?? {};
    const name = readText(thread_name, MAX_LENGTH.message);
    if (typeof id === 'string' && name !== undefined) names.set(id, name);
  }
  return names;
}

/** Without an index no thread has a name yet, or this Codex gives none. */
function readIndex(codexHome: string): string {
  try {
    const { bytes } = readTail(join(codexHome, 'session_index.jsonl'), INDEX_BYTES);
    return bytes.toString('utf8');
  } catch {
    return '';
  }
}

/** The first prompt of a thread that has no answer yet, on one line. Throws what reading the rollout throws. */
export async function readUnansweredPrompt(rollout: string): Promise<string | undefined> {
  const { facts } = await readRolloutFacts(rollout);
  if (facts.some((fact) => fact.type === 'task_complete' && fact.answered)) return undefined;
  return readThreadPreview(rollout);
}

/** Gives a thread a name. No process needs to have the thread open. */
export function setThreadName(threadId: string, name: string): AppServerRequest {
  return { method: 'thread/name/set', params: { threadId, name } };
}
