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
 * The name that Codex lists a thread by (fact 101): the last one in `session_index.jsonl`. Undefined when the thread has none.
 * Names are text of others.
 */
export function readThreadName(codexHome: string, threadId: string): string | undefined {
  try {
    const { bytes } = readTail(join(codexHome, 'session_index.jsonl'), INDEX_BYTES);
    const lines = bytes.toString('utf8').split('\n');
    for (const line of lines.reverse()) {
      if (!line.includes(threadId)) continue;
      const { id, thread_name } = readObject(parseJson(line)) ?? {};
      if (id === threadId) return readText(thread_name, MAX_LENGTH.message);
    }
  } catch {
    // There is no index: no thread has a name yet, or this Codex gives none.
  }
  return undefined;
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
