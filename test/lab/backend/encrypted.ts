import type { Json } from './turn-request.ts';

/** What only the service can read, and only for this account (fact 61). */
export function encryptFor(account: string): string {
  return Buffer.from(`${PREFIX}${account}`).toString('base64');
}

/** Names of the accounts for which something in a conversation is encrypted: reasoning, summaries, messages of agents. */
export function findOwners(input: Json[]): string[] {
  const parts = input.flatMap(({ content }) => (Array.isArray(content) ? (content as Json[]) : []));
  const owners = [...input, ...parts]
    .map(({ encrypted_content }) => encrypted_content)
    .filter((content) => typeof content === 'string')
    .map((content) => Buffer.from(content, 'base64').toString().replace(PREFIX, ''));
  return [...new Set(owners)];
}

const PREFIX = 'lab-reasoning:';
