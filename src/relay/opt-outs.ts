import { readObject } from '../codex/json.ts';
import { type Conversation, tellClient } from './conversation.ts';
import { toLine } from './message.ts';
import { NOTED } from './methods.ts';

type Fields = Record<string, unknown>;

/**
 * A client may name notifications that it does not want. The relay reads some of them, so the server must send those all the
 * same, and they end here.
 * @param params of `initialize`. They are changed into what every server gets. @returns the line for the server.
 */
export function noteOptOuts(
  conversation: Conversation,
  params: Fields,
  parsed: Fields | undefined,
  line: Buffer,
): Buffer {
  // A second `initialize` is refused.
  if (conversation.initialize !== undefined) return line;
  const capabilities = readObject(params.capabilities);
  const unwanted = capabilities?.optOutNotificationMethods;
  const methods = Array.isArray(unwanted) ? unwanted.filter((one) => typeof one === 'string') : [];
  conversation.optOuts = new Set(methods);
  if (!methods.some((method) => NOTED.has(method))) return line;
  const optOutNotificationMethods = methods.filter((method) => !NOTED.has(method));
  params.capabilities = { ...capabilities, optOutNotificationMethods };
  return toLine({ ...parsed, params });
}

/** The client speaks again after its `initialize` was answered: it takes notifications from now on. */
export function openForNotices(conversation: Conversation): void {
  const { isIntroduced, initialize, notices } = conversation;
  if (isIntroduced || initialize === undefined) return;
  conversation.isIntroduced = true;
  for (const notice of notices.splice(0)) {
    tellClient(conversation, notice as { method: string; params: object });
  }
}
