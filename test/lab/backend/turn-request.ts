import type { IncomingHttpHeaders } from 'node:http';
import type { Account } from './accounts.ts';

export type Json = Record<string, unknown>;
export type Transport = 'websocket' | 'sse';

/** One request for an answer of the model, the same whichever way it came. */
export interface TurnRequest {
  account: Account;
  transport: Transport;
  /** The body as sent; over a WebSocket its `input` is only what is new since `previous_response_id`. */
  body: Json;
  model: string;
  /** The whole conversation, put together again. */
  input: Json[];
  /** Texts of the conversation's user messages that a person wrote (Codex's own context blocks left out), in order. */
  userTexts: string[];
  /** Every text in the conversation, of whatever role. */
  texts: string[];
  threadId: string | undefined;
  /**
   * `prewarm`: Codex opens its WebSocket with a request that wants no answer.
   * `title`: the TUI (0.150, 0.169) has another model name the thread, in a thread of its own, after the first turn.
   * `compaction`: the conversation so far is to be put into one item that only the service can read.
   */
  purpose: 'turn' | 'prewarm' | 'title' | 'compaction';
  /** True when the model is asked to go on after a tool call: no new turn of the user's. */
  isContinuation: boolean;
  /** Aborted when Codex hangs up or interrupts. */
  signal: AbortSignal;
}

/** Reads a request body; `earlier` is the conversation before it, for requests that only send what is new. */
export function readTurnRequest(context: {
  account: Account;
  transport: Transport;
  body: Json;
  headers: IncomingHttpHeaders;
  earlier: Json[];
  signal: AbortSignal;
}): TurnRequest {
  const { account, transport, body, headers, earlier, signal } = context;
  const input = [...earlier, ...asArray(body.input)];
  const metadata = readMetadata(body, headers);
  const last = input.at(-1);
  return {
    account,
    transport,
    body,
    model: String(body.model ?? ''),
    input,
    userTexts: input
      .filter((item) => item.role === 'user')
      .flatMap(textsOf)
      .filter(isTyped),
    texts: input.flatMap(textsOf),
    threadId: metadata.thread_id ?? firstHeader(headers['thread-id'] ?? headers.conversation_id),
    purpose: last?.type === 'compaction_trigger' ? 'compaction' : readPurpose(body),
    isContinuation: last !== undefined && /_output$/.test(String(last.type)),
    signal,
  };
}

function readPurpose(body: Json): TurnRequest['purpose'] {
  if (body.generate === false) return 'prewarm';
  const format = (body.text as { format?: { schema?: { required?: unknown } } } | undefined)
    ?.format;
  return String(format?.schema?.required) === 'title' ? 'title' : 'turn';
}

function textsOf(item: Json): string[] {
  if (typeof item.output === 'string') return [item.output];
  return [...asArray(item.content), ...asArray(item.output)]
    .map((part) => part.text)
    .filter((text): text is string => typeof text === 'string');
}

/** Codex sends its own context (`<environment_context>…`, AGENTS.md) as user messages too. */
function isTyped(text: string): boolean {
  return !/^\s*(<[a-z_-]+>|# AGENTS\.md instructions)/i.test(text);
}

function readMetadata(
  body: Json,
  headers: IncomingHttpHeaders,
): Record<string, string | undefined> {
  const inBody = (body.client_metadata as Json | undefined)?.['x-codex-turn-metadata'];
  const text = typeof inBody === 'string' ? inBody : firstHeader(headers['x-codex-turn-metadata']);
  if (text === undefined) return {};
  return JSON.parse(text) as Record<string, string>;
}

function firstHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function asArray(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}
