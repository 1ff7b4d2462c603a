import { parseJson, readObject, readString } from './json.ts';
import { openRolloutFile } from './rollout-file.ts';

/** The base instructions and the first prompt fit into these. */
const HEAD_BYTES = 512 * 1024;
const PREVIEW_CHARACTERS = 120;

/**
 * The first prompt of a thread, on one line of at most 120 characters, without control characters. Reads only the head
 * of the rollout. Undefined when the head has no prompt, or there is no such file.
 */
export async function readThreadPreview(rollout: string): Promise<string | undefined> {
  const handle = await openRolloutFile(rollout).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    for (const line of head.toString('utf8', 0, bytesRead).split('\n')) {
      const preview = shortenPrompt(readPrompt(line) ?? '');
      if (preview !== '') return preview;
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}

/** The same for the text of a prompt. */
export function shortenPrompt(prompt: string): string {
  const line = prompt.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  // A character has two code units at most. The cut keeps a long prompt from being split as a whole.
  const characters = [...line.slice(0, 2 * (PREVIEW_CHARACTERS + 1))];
  return characters.length > PREVIEW_CHARACTERS
    ? `${characters.slice(0, PREVIEW_CHARACTERS - 1).join('')}…`
    : line;
}

/** The prompt of a line, in one of the two forms of a history (fact 54). */
function readPrompt(line: string): string | undefined {
  if (!/"(?:user_message|UserMessage|userMessage)"/.test(line.slice(0, 1000))) return undefined;
  const payload = readObject(readObject(parseJson(line))?.payload);
  if (payload?.type === 'user_message') return readString(payload.message);
  const item = readObject(payload?.item);
  const isPrompt = /^user_?message$/i.test(readString(item?.type) ?? '');
  if (payload?.type !== 'item_completed' || !isPrompt) return undefined;
  const parts = Array.isArray(item?.content) ? item.content : [];
  return parts.map((part) => readString(readObject(part)?.text) ?? '').join(' ');
}
