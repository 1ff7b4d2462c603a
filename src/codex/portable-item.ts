export type Item = Record<string, unknown>;

/** Makes the items of one thread, in order, fit for another account; undefined for one that may not be seen at all. */
export type MakePortable = (item: Item) => Item | undefined;

/**
 * What is encrypted for one account is left out: reasoning, summaries, what agents write to each other (`agent_message`).
 * The calls that send those (`collaboration`; fact 63) have it in their arguments, which must not be touched, so
 * that such a call and its result become a sentence.
 */
export function createMakePortable(): MakePortable {
  const calls = new Map<unknown, string>();

  return (item) => {
    if (isEncrypted(item)) return undefined;
    if (item.type === 'function_call' && item.namespace === AGENTS) {
      calls.set(item.call_id, describeCall(item));
      return undefined;
    }
    if (item.type === 'function_call_output' && calls.has(item.call_id)) {
      const text = `${calls.get(item.call_id)} → ${readText(item.output)}`;
      calls.delete(item.call_id);
      return { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] };
    }
    const { content } = item;
    if (!Array.isArray(content) || !content.some(isEncryptedPart)) return item;
    return { ...item, content: content.map((part) => (isEncryptedPart(part) ? UNREADABLE : part)) };
  };
}

/** The whole item can be read by the service only, for the account it was made for. */
export function isEncrypted(item: Item): boolean {
  return item.type === 'reasoning' || isEncryptedPart(item);
}

/** The namespace of the tools with which agents are started and written to. */
export const AGENTS = 'collaboration';

const UNREADABLE = { type: 'input_text', text: '(not readable for this account)' };

function isEncryptedPart(part: unknown): boolean {
  return typeof (part as Item | null)?.encrypted_content === 'string';
}

function describeCall({ name: named, arguments: given }: Item): string {
  const name = typeof named === 'string' ? named : 'a call';
  try {
    const { message: _, ...rest } = JSON.parse(String(given));
    return `${name} ${JSON.stringify(rest)}`;
  } catch {
    return name;
  }
}

function readText(output: unknown): string {
  return typeof output === 'string' ? output : JSON.stringify(output);
}
