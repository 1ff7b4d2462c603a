import { spawn } from 'node:child_process';
import { MAX_LENGTH, readText } from './bounds.ts';
import { parseJson, readObject } from './json.ts';

/** The Codex to ask. Its home is an overlay whose auth.json leads to the vault of the account. */
export interface AppServer {
  file: string;
  /** Arguments before `app-server`. */
  words?: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** For the whole conversation, milliseconds. */
  timeoutMs: number;
  /** Called with the server's pid. */
  started?(pid: number): void;
}

export interface AppServerRequest {
  method: string;
  params?: unknown;
}

/** The answer to one request. The message is a text of Codex, and has no token. */
export type AppServerReply = { ok: true; result: unknown } | { ok: false; message: string };

/**
 * Starts `codex app-server`, sends all requests over stdio at once (one JSON object a line, fact 93), and ends the
 * server. A server whose input ends first completes a running token refresh (fact 96).
 * @returns the replies in the order of the requests; a reply that did not come in time is not ok.
 */
export function askAppServer(
  server: AppServer,
  requests: readonly AppServerRequest[],
): Promise<AppServerReply[]> {
  return new Promise((resolve) => {
    const replies = new Map<number, AppServerReply>();
    const child = spawn(server.file, [...(server.words ?? []), 'app-server'], {
      cwd: server.cwd,
      env: server.env,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    if (child.pid !== undefined) server.started?.(child.pid);
    let why = 'codex ended without an answer';
    const deadlines = [
      setTimeout(() => {
        why = 'no answer in time';
        child.kill('SIGTERM');
      }, server.timeoutMs),
      setTimeout(() => child.kill('SIGKILL'), server.timeoutMs + KILL_AFTER_MS),
    ];
    let buffered: string[] = [];

    const send = (message: object) => child.stdin.write(`${JSON.stringify(message)}\n`);
    child.on('error', (error) => finish(`codex could not be started (${error.message})`));
    child.on('close', () => finish(why));
    child.stdin.on('error', () => undefined); // EPIPE: 'close' follows and reports it
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      // A long line comes in many chunks: joining them only at its end keeps the time linear.
      if (!text.includes('\n')) {
        buffered.push(text);
        return;
      }
      const lines = (buffered.join('') + text).split('\n');
      buffered = [lines.pop() ?? ''];
      for (const line of lines) readLine(line);
    });
    send({ id: INITIALIZE_ID, ...INITIALIZE });

    function readLine(line: string): void {
      const message = readObject(parseJson(line));
      if (message?.id === INITIALIZE_ID) {
        send({ method: 'initialized' });
        for (const [index, request] of requests.entries()) send({ id: index + 1, ...request });
        return;
      }
      const index = Number(message?.id) - 1;
      if (message === undefined || requests[index] === undefined || 'method' in message) return;
      replies.set(index, readReply(message));
      if (replies.size === requests.length) child.stdin.end(); // ends the server
    }

    function finish(message: string): void {
      for (const deadline of deadlines) clearTimeout(deadline);
      resolve(requests.map((_, index) => replies.get(index) ?? { ok: false, message }));
    }
  });
}

/** The first message of every conversation. */
export const INITIALIZE = {
  method: 'initialize',
  params: { clientInfo: { name: 'codex-hotswap', title: null, version: '1' } },
};

const INITIALIZE_ID = 0;
/** From SIGTERM to SIGKILL. */
const KILL_AFTER_MS = 2000;

function readReply(message: Record<string, unknown>): AppServerReply {
  if ('result' in message) return { ok: true, result: message.result };
  const text = readObject(message.error)?.message;
  return { ok: false, message: readText(text, MAX_LENGTH.message) ?? 'refused without a reason' };
}
