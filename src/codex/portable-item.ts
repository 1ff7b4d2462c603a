export type Item = Record<string, unknown>;

/**
 * Takes the items of one thread in order, and returns each without the parts that are encrypted for one account
 * (reasoning, summaries, messages between agents); undefined when nothing is left. The arguments of a call that sends
 * such a message are encrypted, too (fact 63), and must not be changed: one sentence replaces the call and its result.
 */
export function createItemFilter(): (item: Item) => Item | undefined {
  const calls = new Map<unknown, string>();

  return (item) => {
    if (isEncrypted(item)) return undefined;
    if (item.type === 'function_call' && item.namespace === AGENT_NAMESPACE) {
      calls.set(item.call_id, describeCall(item));
      return undefined;
    }
    if (item.type === 'function_call_output' && calls.has(item.call_id)) {
      const text = `${calls.get(item.call_id)} → ${stringify(item.output)}`;
      calls.delete(item.call_id);
      return { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] };
    }
    const { content } = item;
    if (!Array.isArray(content) || !content.some(isEncryptedPart)) return item;
    return { ...item, content: content.map((part) => (isEncryptedPart(part) ? UNREADABLE : part)) };
  };
}

/** Whether only the service can read the item, and only for the account that it was made for. */
export function isEncrypted(item: Item): boolean {
  return item.type === 'reasoning' || isEncryptedPart(item);
}

/** The namespace of the tools that start agents and send messages to them. */
export const AGENT_NAMESPACE = 'collaboration';

const UNREADABLE = { type: 'input_text', text: '(not readable for this account)' };

function isEncryptedPart(part: unknown): boolean {
  return typeof (part as Item | null)?.encrypted_content === 'string';
}

function describeCall(call: Item): string {
  const name = typeof call.name === 'string' ? call.name : 'a call';
  try {
    const { message: _, ...rest } = JSON.parse(String(call.arguments));
    return `${name} ${JSON.stringify(rest)}`;
  } catch {
    return name;
  }
}

function stringify(output: unknown): string {
  return typeof output === 'string' ? output : JSON.stringify(output);
}
