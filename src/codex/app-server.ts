import { spawn } from 'node:child_process';
import { MOST, readText } from './bounds.ts';
import { record } from './json.ts';

/** Which Codex is asked, and in which home: an overlay whose auth.json links to the vault in question. */
export interface AppServer {
  file: string;
  /** In front of `app-server`. */
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

/** What Codex answered to one request. The message is Codex's own and holds no token. */
export type AppServerReply = { ok: true; result: unknown } | { ok: false; message: string };

/**
 * Asks `codex app-server` some questions over stdio, one JSON a line (fact 93), side by side, and ends it. At the end
 * of its input it brings a token refresh to its end, however long that takes (fact 96).
 * @returns the replies in the order of the requests; those that did not come in time are not ok.
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
      setTimeout(() => child.kill('SIGKILL'), server.timeoutMs + KILL_MS),
    ];
    let buffered: string[] = [];

    const send = (message: object) => child.stdin.write(`${JSON.stringify(message)}\n`);
    child.on('error', (error) => finish(`codex could not be started (${error.message})`));
    child.on('close', () => finish(why));
    child.stdin.on('error', () => undefined); // EPIPE: 'close' tells the same
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      // A long line is put together once, at its end.
      if (!text.includes('\n')) {
        buffered.push(text);
        return;
      }
      const lines = (buffered.join('') + text).split('\n');
      buffered = [lines.pop() ?? ''];
      for (const line of lines) take(line);
    });
    send({
      id: INITIALIZE,
      method: 'initialize',
      params: { clientInfo: { name: 'codex-hotswap', title: null, version: '1' } },
    });

    function take(line: string): void {
      const message = parseMessage(line);
      if (message?.id === INITIALIZE) {
        send({ method: 'initialized' });
        for (const [index, request] of requests.entries()) send({ id: index + 1, ...request });
        return;
      }
      const index = Number(message?.id) - 1;
      if (message === undefined || requests[index] === undefined || 'method' in message) return;
      replies.set(index, readReply(message));
      // Closing stdin is how a stdio app-server is told to end; it finishes what it is writing.
      if (replies.size === requests.length) child.stdin.end();
    }

    let isFinished = false;
    function finish(message: string): void {
      if (isFinished) return;
      isFinished = true;
      for (const deadline of deadlines) clearTimeout(deadline);
      resolve(requests.map((_, index) => replies.get(index) ?? { ok: false, message }));
    }
  });
}

const INITIALIZE = 0;
/** So long after SIGTERM. */
const KILL_MS = 2000;

type Message = Record<string, unknown>;

function parseMessage(line: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Message) : undefined;
  } catch {
    return undefined;
  }
}

function readReply(message: Message): AppServerReply {
  if ('result' in message) return { ok: true, result: message.result };
  const text = record(message.error)?.message;
  return { ok: false, message: readText(text, MOST.message) ?? 'refused without a reason' };
}
