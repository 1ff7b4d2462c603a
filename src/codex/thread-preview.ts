import { parseJson, record } from './json.ts';
import { openRollout } from './rollout-file.ts';

/** Enough to hold the base instructions, the surroundings and the first prompt. */
const HEAD_BYTES = 512 * 1024;
const PREVIEW_CHARACTERS = 120;

/**
 * What a thread is about: the first prompt of its user, on one line without control characters, at most 120 characters. Only the head of the rollout
 * is read. Undefined when there is none in it, or no such file.
 */
export async function readThreadPreview(rollout: string): Promise<string | undefined> {
  const handle = await openRollout(rollout).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    for (const line of head.toString('utf8', 0, bytesRead).split('\n')) {
      const preview = previewOf(promptIn(line) ?? '');
      if (preview !== '') return preview;
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}

/** The same of a prompt that is at hand. */
export function previewOf(prompt: string): string {
  return shorten(prompt.replace(/[\s\p{Cc}]+/gu, ' ').trim());
}

/** The prompt in a line: of the legacy history (`user_message`) or the paginated one (`item_completed`) (fact 54). */
function promptIn(line: string): string | undefined {
  if (!/"(?:user_message|UserMessage|userMessage)"/.test(line.slice(0, 1000))) return undefined;
  const payload = record(record(parseJson(line))?.payload);
  if (payload?.type === 'user_message') return text(payload.message);
  const item = record(payload?.item);
  if (payload?.type !== 'item_completed' || !/^user_?message$/i.test(text(item?.type) ?? '')) {
    return undefined;
  }
  const parts = Array.isArray(item?.content) ? item.content : [];
  return parts.map((part) => text(record(part)?.text) ?? '').join(' ');
}

function shorten(prompt: string): string {
  // A character has two units at most.
  const characters = [...prompt.slice(0, 2 * (PREVIEW_CHARACTERS + 1))];
  return characters.length > PREVIEW_CHARACTERS
    ? `${characters.slice(0, PREVIEW_CHARACTERS - 1).join('')}…`
    : prompt;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
