import type { ServerResponse } from 'node:http';
import { rateLimitHeaders } from './failures.ts';
import type { TurnRequest } from './turn-request.ts';
import { DropStream, type Reply } from './turns.ts';

/** Sends a turn's reply as an HTTP status or a stream of server-sent events. */
export async function sendAsEvents(
  reply: Reply,
  request: TurnRequest,
  response: ServerResponse,
): Promise<void> {
  if (reply.kind === 'refused') {
    const { status, headers, error } = reply.failure;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ error }));
    return;
  }
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    ...rateLimitHeaders(request.account, reply.windows),
  });
  try {
    for await (const event of reply.events) {
      response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    }
    response.end();
  } catch (error) {
    if (!(error instanceof DropStream)) throw error;
    response.destroy();
  }
}
