import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An MCP server over HTTP that wants an OAuth login; Codex keeps that login in `.credentials.json`. */
export interface OauthMcp {
  readonly url: string;
  /** Access tokens of the requests to the MCP endpoint that were let in. */
  readonly accepted: string[];
  /** Number of refreshes so far. */
  refreshes(): number;
  close(): Promise<void>;
}

/** @param loginSeconds the life of the first access token of a login; Codex refreshes in good time before its end. */
export async function startOauthMcp({ loginSeconds }: { loginSeconds: number }): Promise<OauthMcp> {
  const living = new Set<string>();
  const accepted: string[] = [];
  let refreshes = 0;

  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', origin());
    if (pathname.startsWith('/.well-known/oauth-protected-resource')) {
      return json(response, { resource: `${origin()}/mcp`, authorization_servers: [origin()] });
    }
    if (pathname.startsWith('/.well-known/oauth-authorization-server')) {
      return json(response, {
        issuer: origin(),
        authorization_endpoint: `${origin()}/authorize`,
        token_endpoint: `${origin()}/token`,
        registration_endpoint: `${origin()}/register`,
        response_types_supported: ['code'],
        grant_types_supported: ['authorization_code', 'refresh_token'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['none'],
        scopes_supported: ['lab'],
      });
    }
    if (pathname === '/register') {
      const client = JSON.parse(await readBody(request)) as object;
      return json(response, { ...client, client_id: 'lab-client' }, 201);
    }
    if (pathname === '/authorize') {
      const back = new URL(searchParams.get('redirect_uri') as string);
      back.searchParams.set('code', 'lab-code');
      back.searchParams.set('state', searchParams.get('state') as string);
      return void response.writeHead(302, { location: back.href }).end();
    }
    if (pathname === '/token') {
      const form = new URLSearchParams(await readBody(request));
      const isRefresh = form.get('grant_type') === 'refresh_token';
      if (isRefresh) refreshes += 1;
      const token = `mcp-access-${randomUUID()}`;
      living.add(token);
      return json(response, {
        access_token: token,
        token_type: 'Bearer',
        expires_in: isRefresh ? 86_400 : loginSeconds,
        refresh_token: `mcp-refresh-${randomUUID()}`,
        scope: 'lab',
      });
    }
    const token = request.headers.authorization?.replace(/^Bearer /i, '') ?? '';
    if (!living.has(token)) {
      const metadata = `${origin()}/.well-known/oauth-protected-resource`;
      return void response
        .writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${metadata}"` })
        .end();
    }
    if (request.method !== 'POST') return void response.writeHead(405).end();
    accepted.push(token);
    answer(response, JSON.parse(await readBody(request)) as RpcMessage);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${origin()}/mcp`,
    accepted,
    refreshes: () => refreshes,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface RpcMessage {
  id?: number | string;
  method: string;
  params?: { protocolVersion?: string };
}

function answer(response: ServerResponse, { id, method, params }: RpcMessage): void {
  if (id === undefined) return void response.writeHead(202).end();
  const result =
    method === 'initialize'
      ? {
          protocolVersion: params?.protocolVersion ?? '2025-06-18',
          capabilities: { tools: {} },
          serverInfo: { name: 'lab', version: '1' },
        }
      : { tools: [] };
  json(response, { jsonrpc: '2.0', id, result });
}

function json(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Logs Codex in to the MCP server of that name, as `codex mcp login` and a browser do. */
export async function logInToMcp(
  server: string,
  { file, env, cwd }: { file: string; env: Record<string, string>; cwd: string },
): Promise<void> {
  const login = spawn(file, ['mcp', 'login', server], {
    env,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(login, 'close');
  let printed = '';
  let visited: Promise<unknown> | undefined;
  const look = (chunk: Buffer) => {
    printed += chunk;
    const [, address] = /(http:\S*\/authorize\S*)\s/.exec(printed) ?? [];
    // The browser follows the redirect to the listener of `codex mcp login`.
    if (address !== undefined) visited ??= fetch(address);
  };
  login.stdout.on('data', look);
  login.stderr.on('data', look);
  const [status] = (await ended) as [number | null];
  await visited;
  if (status !== 0) throw new Error(`codex mcp login ended with ${status}: ${printed}`);
}
