import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Message, Methods } from './server-protocol.ts';

/** A program that drives `codex app-server` over stdio, as an editor does. */
export interface ServerClient {
  readonly process: ChildProcessWithoutNullStreams;
  /** Resolves with the result; rejects with the server's error, which it names. */
  request<M extends keyof Methods>(
    method: M,
    params: Methods[M]['params'],
  ): Promise<Methods[M]['result']>;
  notify(method: string, params?: unknown): void;
  /** Answers each request of the server with this method. Without an answer they stay open. */
  answer(method: string, result: (params: Message['params']) => unknown): void;
  /** Writes bytes as they are. @returns false when the server does not keep up. */
  write(bytes: string | Buffer): boolean;
  /** `initialize` and `initialized`. */
  initialize(name?: string, version?: string): Promise<void>;
  /** A new thread. @returns its id. */
  startThread(params?: Methods['thread/start']['params']): Promise<string>;
  /** Starts a turn and waits for its end. */
  runTurn(threadId: string, text: string): Promise<Message['params']['turn']>;
  /** Everything that was received, oldest first. */
  readonly received: Message[];
  /** The lines that are no JSON. */
  readonly noise: string[];
  /** The methods of the notifications and requests that were received. */
  methods(): string[];
  /** Resolves with the first message that fits, of those received and those to come. */
  waitFor(fits: (message: Message) => boolean, timeoutMs?: number): Promise<Message>;
  /** The end of a turn. */
  waitForTurn(threadId: string, count?: number): Promise<Message['params']['turn']>;
  stderr(): string;
  readonly ended: Promise<{ status: number | null; signal: NodeJS.Signals | null }>;
  /** Closes stdin, and waits for the end. */
  close(): Promise<{ status: number | null; signal: NodeJS.Signals | null }>;
}

const PATIENCE_MS = 20_000;

export function startServerClient(
  [file, ...args]: readonly string[],
  place: { env: NodeJS.ProcessEnv; cwd: string; detached?: boolean },
): ServerClient {
  const process = spawn(file as string, args, { ...place, stdio: 'pipe' });
  const received: Message[] = [];
  const noise: string[] = [];
  const errors: Buffer[] = [];
  const answers = new Map<string, (params: Message['params']) => unknown>();
  const waiting = new Set<() => void>();
  let lastId = 0;
  process.stdin.on('error', () => undefined); // EPIPE: `ended` tells
  process.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  readLines(process.stdout, (line) => {
    let message: Message;
    try {
      message = JSON.parse(line);
    } catch {
      noise.push(line);
      return;
    }
    received.push(message);
    const result = message.id !== undefined && answers.get(message.method ?? '');
    if (result) send({ id: message.id as number, result: result(message.params) });
    for (const look of [...waiting]) look();
  });
  const ended = new Promise<Awaited<ServerClient['ended']>>((resolve, reject) => {
    process.once('error', reject);
    process.once('close', (status, signal) => resolve({ status, signal }));
  });

  function send(message: Message): void {
    process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  function waitFor(fits: (message: Message) => boolean, timeoutMs = PATIENCE_MS): Promise<Message> {
    return new Promise((resolve, reject) => {
      let seen = 0;
      const look = () => {
        for (; seen < received.length; seen++) {
          const message = received[seen] as Message;
          if (!fits(message)) continue;
          stop();
          return resolve(message);
        }
      };
      const stop = () => {
        clearTimeout(timer);
        waiting.delete(look);
      };
      const fail = (why: string) => {
        stop();
        const last = received.slice(-8).map((message) => JSON.stringify(message).slice(0, 300));
        const stderr = Buffer.concat(errors).toString().slice(-2000);
        reject(new Error(`${why}; the last messages:\n${last.join('\n')}\nstderr: ${stderr}`));
      };
      const timer = setTimeout(() => fail(`no such message in ${timeoutMs} ms`), timeoutMs);
      void ended.then(() => waiting.has(look) && fail('the server ended'));
      waiting.add(look);
      look();
    });
  }

  const client: ServerClient = {
    ...{ process, received, noise, waitFor, ended },
    async request(method, params) {
      lastId += 1;
      const id = lastId;
      send({ id, method, params });
      const reply = await waitFor((message) => message.id === id && message.method === undefined);
      if (reply.error === undefined) return reply.result;
      throw new Error(`${method}: ${JSON.stringify(reply.error)}`);
    },
    notify: (method, params) => send(params === undefined ? { method } : { method, params }),
    answer: (method, result) => void answers.set(method, result),
    write: (bytes) => process.stdin.write(bytes),
    async initialize(name = 'lab-client', version = '1.2') {
      await client.request('initialize', { clientInfo: { name, title: null, version } });
      client.notify('initialized');
    },
    async startThread(params = {}) {
      return (await client.request('thread/start', params)).thread.id;
    },
    async runTurn(threadId, text) {
      const before = turnsOf(threadId).length;
      await client.request('turn/start', { threadId, input: [{ type: 'text', text }] });
      return client.waitForTurn(threadId, before + 1);
    },
    methods: () => received.flatMap(({ method }) => method ?? []),
    async waitForTurn(threadId, count = 1) {
      await waitFor(() => turnsOf(threadId).length >= count);
      return turnsOf(threadId)[count - 1];
    },
    stderr: () => Buffer.concat(errors).toString(),
    close() {
      process.stdin.end();
      return ended;
    },
  };
  const turnsOf = (threadId: string) =>
    received
      .filter(({ method, params }) => method === 'turn/completed' && params.threadId === threadId)
      .map(({ params }) => params.turn);
  return client;
}

/** Joins the chunks of a long line only at its end, so that the time stays linear. */
function readLines(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let open: string[] = [];
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const parts = text.split('\n');
    for (const part of parts.slice(0, -1)) {
      take(open.join('') + part);
      open = [];
    }
    const rest = parts.at(-1) as string;
    if (rest !== '') open.push(rest);
  });
}
