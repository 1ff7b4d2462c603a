import type { IncomingHttpHeaders } from 'node:http';
import type { Account } from './accounts.ts';
import type { Route } from './records.ts';

/** A plain request, as the routes see it. */
export interface HttpRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** Parsed JSON or form, `{}` when there was none. */
  body: Record<string, unknown>;
  /** The owner of a living access token in the request. */
  account: Account | undefined;
}

export interface HttpReply {
  status: number;
  body: unknown;
}

export interface HttpRoute {
  route: Route;
  pattern: RegExp;
  answer(request: HttpRequest): HttpReply | Promise<HttpReply>;
}

export const ok = (body: unknown): HttpReply => ({ status: 200, body });
export const refuse = (status: number, code: string, message = code): HttpReply => ({
  status,
  body: { error: { code, message, type: 'invalid_request_error', param: null } },
});
