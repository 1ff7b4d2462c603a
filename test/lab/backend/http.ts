import type { IncomingMessage, ServerResponse } from 'node:http';
import { decompress } from 'fzstd';
import { createAppsRoutes } from './apps-mcp.ts';
import type { HttpRequest, HttpRoute } from './http-route.ts';
import { createOAuthRoutes } from './oauth.ts';
import type { Route } from './records.ts';
import type { Service } from './service.ts';
import { sendAsEvents } from './sse.ts';
import { type Json, readTurnRequest } from './turn-request.ts';
import { answerTurn } from './turns.ts';
import { createWhamRoutes } from './wham.ts';

const RESPONSES = /\/codex\/responses$/;

/** The request listener: one table of routes, `…/codex/responses` apart; whatever is not listed is 404 (fact 1). */
export function createHttpHandler(service: Service) {
  const routes = [
    ...createOAuthRoutes(service),
    ...service.logins.routes,
    ...createWhamRoutes(service),
    ...createAppsRoutes(),
  ];
  return (message: IncomingMessage, response: ServerResponse): void => {
    // Codex is killed in the middle of requests; that is no failure of the backend.
    response.on('error', () => response.destroy());
    handle(service, routes, message, response).catch((error) => {
      if (message.destroyed) return;
      service.faults.push(error);
      response.destroy();
    });
  };
}

/** The access token of a request, or an empty string. */
export function readBearer(message: IncomingMessage): string {
  return message.headers.authorization?.replace(/^Bearer /i, '') ?? '';
}

async function handle(
  service: Service,
  routes: HttpRoute[],
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(message);
  const method = message.method ?? '';
  const path = message.url?.split('?')[0] ?? '';
  const isTurn = method === 'POST' && RESPONSES.test(path);
  const route = routes.find(({ pattern }) => pattern.test(path));
  const account = service.tokens.authenticate(readBearer(message));
  const record = service.records.add({
    transport: isTurn ? 'sse' : 'http',
    method,
    path,
    route: isTurn ? 'responses' : (route?.route ?? ('other' satisfies Route)),
    account: service.tokens.ownerOf(readBearer(message))?.name,
    headers: message.headers,
    body,
    turn: undefined,
  });

  if (isTurn && account !== undefined) {
    const hangUp = new AbortController();
    response.on('close', () => hangUp.abort());
    const request = readTurnRequest({
      account,
      transport: 'sse',
      body: body ?? {},
      headers: message.headers,
      earlier: [],
      signal: hangUp.signal,
    });
    return sendAsEvents(answerTurn(service, request, record), request, response);
  }
  const request: HttpRequest = {
    method,
    path,
    headers: message.headers,
    body: body ?? {},
    account,
  };
  const reply = isTurn
    ? { status: 401, body: { error: { code: 'token_expired', message: 'Token is not valid' } } }
    : ((await route?.answer(request)) ?? { status: 404, body: {} });
  response.writeHead(reply.status, { 'content-type': 'application/json' });
  response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
  service.records.settle(record, { kind: 'status', status: reply.status });
}

/** Bodies are JSON, often zstd-compressed (fact 6), or a form (login); anything else is undefined. */
async function readBody(message: IncomingMessage): Promise<Json | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  let bytes: Uint8Array = Buffer.concat(chunks);
  if (message.headers['content-encoding'] === 'zstd') bytes = decompress(bytes);
  const content = Buffer.from(bytes).toString();
  if (content === '') return undefined;
  if (message.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(content));
  }
  try {
    return JSON.parse(content) as Json;
  } catch {
    return undefined;
  }
}
