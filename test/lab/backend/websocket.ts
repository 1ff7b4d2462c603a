import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Account, Window, Windows } from './accounts.ts';
import { describeFailure, type Failure } from './failures.ts';
import { nowSeconds, type Service } from './service.ts';
import { type Json, readTurnRequest } from './turn-request.ts';
import { answerTurn, DropStream, type Reply } from './turns.ts';

/**
 * Answers WebSocket upgrades of `…/codex/responses`: each `response.create` frame is one request, answered with the
 * events of the Responses API as frames of their own, or with one `error` frame (fact 67).
 */
export function createResponsesSocket(service: Service) {
  // maxPayload: a resumed conversation comes in one frame.
  const server = new WebSocketServer({ noServer: true, maxPayload: 1 << 30 });
  return {
    upgrade(message: IncomingMessage, socket: Duplex, head: Buffer, account: Account | undefined) {
      if (service.switches.transport === 'sse')
        return refuseUpgrade(socket, '426 Upgrade Required');
      if (account === undefined) return refuseUpgrade(socket, '401 Unauthorized');
      server.handleUpgrade(message, socket, head, (client) => serve(service, client, message));
    },
    close() {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function serve(service: Service, client: WebSocket, message: IncomingMessage): void {
  const conversations = new Map<string, Json[]>(); // by response id, what a later frame may continue
  const hangUp = new AbortController();
  client.on('close', () => hangUp.abort());
  client.on('error', () => client.terminate());
  client.on('message', (data) => {
    answerFrame(service, client, message, String(data), conversations, hangUp.signal).catch(
      (error) => {
        if (!(error instanceof DropStream)) service.faults.push(error);
        client.terminate();
      },
    );
  });
}

async function answerFrame(
  service: Service,
  client: WebSocket,
  message: IncomingMessage,
  data: string,
  conversations: Map<string, Json[]>,
  signal: AbortSignal,
): Promise<void> {
  const body = JSON.parse(data) as Json;
  if (body.type !== 'response.create') return;
  const send = (frame: Json) =>
    client.readyState === client.OPEN && client.send(JSON.stringify(frame));
  const token = message.headers.authorization?.replace(/^Bearer /i, '') ?? '';
  const owner = service.tokens.ownerOf(token);
  const record = service.records.add({
    transport: 'websocket',
    method: 'CREATE',
    path: message.url?.split('?')[0] ?? '',
    route: 'responses',
    account: owner?.name,
    headers: message.headers,
    body,
    turn: undefined,
  });
  const account = service.tokens.authenticate(token);
  if (account === undefined || owner === undefined) {
    // The token died while the connection was open.
    service.records.settle(record, { kind: 'failed', failure: 'unauthorized' });
    if (owner !== undefined)
      send(toErrorFrame(describeFailure('unauthorized', owner, nowSeconds())));
    return;
  }
  const previous = body.previous_response_id;
  const request = readTurnRequest({
    account,
    transport: 'websocket',
    body,
    headers: message.headers,
    earlier: typeof previous === 'string' ? (conversations.get(previous) ?? []) : [],
    signal,
  });
  const reply = answerTurn(service, request, record);
  if (reply.kind === 'refused') {
    send(toErrorFrame(reply.failure));
    return;
  }
  if (request.purpose !== 'prewarm') send(toRateLimitsFrame(account, reply.windows));
  await sendFrames(reply, send);
  conversations.set(reply.responseId, [...request.input, ...reply.output]);
}

async function sendFrames(
  reply: Extract<Reply, { kind: 'stream' }>,
  send: (frame: Json) => unknown,
): Promise<void> {
  for await (const event of reply.events) send(event);
}

function toErrorFrame(failure: Failure): Json {
  const { status, error, headers } = failure;
  return { type: 'error', status, error, headers };
}

/** What SSE says in headers is pushed as a frame here. */
function toRateLimitsFrame(account: Account, { primary, secondary }: Windows): Json {
  const tell = (window: Window) => ({
    used_percent: window.usedPercent,
    window_minutes: window.windowMinutes,
    reset_at: window.resetAt,
  });
  return {
    type: 'codex.rate_limits',
    plan_type: account.plan,
    rate_limits: { primary: tell(primary), secondary: tell(secondary) },
    credits: account.credits,
  };
}
