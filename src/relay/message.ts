import { parseJson, readObject, readString } from '../codex/json.ts';

/** The id of a request of JSON-RPC. Each side of a connection counts its own. */
export type RequestId = string | number;

/** What a line is, as far as the relay must know. `other`: no message of the protocol, such as a batch or no JSON. */
export type Message =
  | { kind: 'request'; id: RequestId; method: string }
  | { kind: 'notification'; method: string }
  | { kind: 'response'; id: RequestId; failed: boolean }
  | { kind: 'other' };

/**
 * Reads the kind of a line of the server. Codex writes `method` first and `id` after it, or `id` first in a response, so the
 * first bytes of nearly every line are enough (fact 130). Every other line is parsed.
 * @param line one message, or the first bytes of a long one.
 */
export function readServerLine(line: Buffer): Message {
  const head = line.toString('latin1', 0, HEAD_BYTES);
  const told = SERVER_MESSAGE.exec(head);
  if (told?.groups?.method !== undefined && !ENDS_WITH_ID.test(tailOf(line))) {
    const { method, id } = told.groups;
    return id === undefined
      ? { kind: 'notification', method }
      : { kind: 'request', id: readHeadId(id), method };
  }
  const answer = SERVER_RESPONSE.exec(head);
  if (answer?.groups?.id !== undefined) {
    const { id, outcome } = answer.groups;
    return { kind: 'response', id: readHeadId(id), failed: outcome === 'error' };
  }
  return readMessage(parseLine(line));
}

/** Reads the beginning of a request of a client that is too long to be parsed. */
export function readClientHead(head: Buffer): { id: RequestId; method: string } | undefined {
  const text = head.toString('latin1', 0, HEAD_BYTES);
  const { method, id } = CLIENT_REQUEST.map((form) => form.exec(text)?.groups).find(Boolean) ?? {};
  return method === undefined || id === undefined ? undefined : { id: readHeadId(id), method };
}

/** Reads the kind of a parsed line. */
export function readMessage(message: Record<string, unknown> | undefined): Message {
  if (message === undefined) return { kind: 'other' };
  const { id } = message;
  const method = readString(message.method);
  const hasId = typeof id === 'string' || typeof id === 'number';
  if (method !== undefined) {
    return hasId ? { kind: 'request', id, method } : { kind: 'notification', method };
  }
  if (!hasId || !('result' in message || 'error' in message)) return { kind: 'other' };
  return { kind: 'response', id, failed: 'error' in message };
}

/** @returns undefined when the line is no JSON object. */
export function parseLine(line: Buffer): Record<string, unknown> | undefined {
  return readObject(parseJson(line.toString('utf8')));
}

/** The line of a message. */
export function toLine(message: object): Buffer {
  return Buffer.from(`${JSON.stringify(message)}\n`);
}

const HEAD_BYTES = 240;
/** In plain ASCII, without an escape: all other ids are read by a parser. */
const ID = '(?<id>-?(?:0|[1-9]\\d{0,14})|"[ !#-\\[\\]-~]{1,100}")';
const METHOD = '"method":"(?<method>[A-Za-z/_]{1,100})"';
const SERVER_MESSAGE = new RegExp(`^\\{${METHOD},(?:"id":${ID},)?"params":`);
const SERVER_RESPONSE = new RegExp(`^\\{"id":${ID},"(?<outcome>result|error)":`);
const CLIENT_REQUEST = [`"id":${ID},${METHOD},`, `${METHOD},"id":${ID},`].map(
  (members) => new RegExp(`^\\{(?:"jsonrpc":"2\\.0",)?${members}`),
);

/** An id after the params. Codex does not write that. */
const ENDS_WITH_ID = /,"id":(?:-?[\d.eE+-]+|"(?:[^"\\]|\\.)*")\}\s*$/;

function tailOf(line: Buffer): string {
  return line.toString('latin1', Math.max(0, line.length - HEAD_BYTES));
}

function readHeadId(text: string): RequestId {
  return text.startsWith('"') ? text.slice(1, -1) : Number(text);
}
