import { encryptFor } from './encrypted.ts';
import type { FailureKind } from './failures.ts';
import { makeId } from './ids.ts';
import { makeToolCall, type ToolCall } from './tool-calls.ts';
import type { Json, TurnRequest } from './turn-request.ts';

/** What the model does in one request. */
export interface Answer {
  /** The message; an array is sent as that many deltas, a string in words. Default `answer <n> from <account>`. */
  text?: string | string[];
  /** Pause before each delta, milliseconds. */
  delayMs?: number;
  /** Keeps the turn open after the first delta, or before it fails in mid-stream, until this resolves. */
  until?: Promise<unknown>;
  /** Tools to run before anything else is said; Codex then asks again with their output. */
  calls?: ToolCall[];
  /** Put a reasoning item with account-bound `encrypted_content` first. Default true. */
  reasoning?: boolean;
  /** Fail instead of answering. */
  failure?: FailureKind;
}

/** A source of answers; undefined leaves the request to the next source. */
export type Script = (request: TurnRequest) => Answer | undefined;

/** A frame of the Responses API's stream, and what the model put out so far (to continue from). */
export type ResponseEvent = { type: string } & Json;

/** Streams an answer as the events of the Responses API; collects its output items into `output`. */
export async function* streamAnswer(
  answer: Answer,
  request: TurnRequest,
  responseId: string,
  output: Json[],
): AsyncGenerator<ResponseEvent> {
  yield { type: 'response.created', response: { id: responseId } };
  if (request.purpose === 'compaction') {
    yield* streamItem(makeEncrypted('compaction', request.account.name), output);
  } else if (request.purpose !== 'prewarm') {
    if (answer.reasoning ?? true)
      yield* streamItem(makeEncrypted('reasoning', request.account.name), output);
    for (const call of answer.calls ?? []) yield* streamItem(makeToolCall(call, request), output);
    if (answer.calls === undefined || answer.text !== undefined) {
      yield* streamMessage(answer, request, output);
    }
  }
  yield { type: 'response.completed', response: { id: responseId, usage: countTokens(request) } };
}

async function* streamMessage(
  answer: Answer,
  request: TurnRequest,
  output: Json[],
): AsyncGenerator<ResponseEvent> {
  const deltas = splitText(
    answer.text ?? `answer ${request.account.turnsAnswered} from ${request.account.name}`,
  );
  const item = { type: 'message', role: 'assistant', id: makeId('msg') };
  const output_index = output.length;
  yield { type: 'response.output_item.added', output_index, item: { ...item, content: [] } };
  for (const [index, delta] of deltas.entries()) {
    if (answer.delayMs !== undefined) await pause(answer.delayMs, request.signal);
    yield {
      type: 'response.output_text.delta',
      output_index,
      content_index: 0,
      item_id: item.id,
      delta,
    };
    if (index === 0 && answer.until !== undefined) await until(answer.until, request.signal);
  }
  const done = { ...item, content: [{ type: 'output_text', text: deltas.join('') }] };
  output.push(done);
  yield { type: 'response.output_item.done', output_index, item: done };
}

async function* streamItem(item: Json, output: Json[]): AsyncGenerator<ResponseEvent> {
  const output_index = output.length;
  yield { type: 'response.output_item.added', output_index, item };
  output.push(item);
  yield { type: 'response.output_item.done', output_index, item };
}

/** Marks whose reasoning or compacted history it is, so that another account can be refused it (fact 61). */
function makeEncrypted(type: 'reasoning' | 'compaction', account: string): Json {
  const encrypted_content = encryptFor(account);
  const id = makeId(type === 'reasoning' ? 'rs' : 'cmp');
  return { type, id, encrypted_content, ...(type === 'reasoning' ? { summary: [] } : {}) };
}

function splitText(text: string | string[]): string[] {
  return Array.isArray(text) ? text : (text.match(/\S+\s*|\s+/g) ?? ['']);
}

function countTokens(request: TurnRequest): Json {
  const input_tokens = 100 + 10 * request.input.length;
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 10,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input_tokens + 10,
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await until(new Promise((resolve) => setTimeout(resolve, ms)), signal);
}

async function until(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let abort = () => {};
  const aborted = new Promise<void>((resolve) => {
    abort = resolve;
    signal.addEventListener('abort', abort, { once: true });
  });
  await Promise.race([promise, aborted]);
  signal.removeEventListener('abort', abort);
}
