import { createRelay, type Relay, type RelayHost } from '../../../src/relay/relay.ts';

/** A message of the protocol, either way. */
export interface Told {
  id?: string | number;
  method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: the messages of a scene are read as the scene knows them.
  params?: any;
  // biome-ignore lint/suspicious/noExplicitAny: the same.
  result?: any;
  error?: { code: number; message: string };
}

/** What a scripted server answers to a request of ours: a result, an error, or nothing ('silence'). */
export type Reply = object | { error: { code: number; message: string } } | 'silence';

export interface SceneParts {
  /** Method → the answer to a request of the relay, other than the usual one. */
  replies?: Record<string, (params: Told['params'], server: number) => Reply>;
  /** Params of the client's `initialize`. */
  initialize?: object;
  /** Set for a client that has not introduced itself. */
  isUnknown?: boolean;
  forbids?: RelayHost['forbids'];
}

/** An id as Codex makes them: a later one is larger. */
export const uuid = (number: number, kind = 7): string =>
  `019a${String(number).padStart(4, '0')}-0000-7000-8${kind.toString(16).padStart(3, '0')}-000000000000`;

export const THREAD = uuid(1, 1);
export const OTHER = uuid(2, 1);
export const TURN = uuid(10, 2);
export const OTHER_TURN = uuid(11, 2);
export const LIMIT = {
  message: 'You’ve hit your usage limit.',
  codexErrorInfo: 'usageLimitExceeded',
};

const isAboutAccount = ({ id, method }: Told) =>
  String(id).startsWith('codex-hotswap-') && String(method).startsWith('account/');

export type Scene = ReturnType<typeof openScene>;

/** A relay between a client and servers that are lines only. */
export function openScene(parts: SceneParts = {}) {
  const told: string[] = [];
  const events: string[] = [];
  const servers: Told[][] = [[]];
  const outbox: string[] = [];
  const timers: { at: number; act: () => void }[] = [];
  let now = 0;
  let turns = 100;
  let rest = '';
  let partial = '';
  let isRead = true;

  const host: RelayHost = {
    toClient(bytes) {
      rest += bytes.toString('utf8');
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      told.push(...lines);
    },
    toServer(bytes) {
      partial += bytes.toString('utf8');
      const lines = partial.split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) takeAtServer(line);
    },
    waiting: (bytes) => void events.push(`waiting ${bytes}`),
    named: (client) => void events.push(`named ${client}`),
    opened: ({ id }) => void events.push(`opened ${id}`),
    turnBegan: ({ id }) => void events.push(`began ${id}`),
    turnSucceeded: ({ id }) => void events.push(`succeeded ${id}`),
    turnFailed: () => void events.push('failed'),
    agentFailed: ({ id }) => void events.push(`agent failed ${id}`),
    atRest: () => void events.push('at rest'),
    interrupted: () => void events.push('interrupted'),
    forbids: parts.forbids ?? (() => undefined),
    note: (message) => void events.push(`note ${message}`),
    after: (ms, act) => void timers.push({ at: now + ms, act }),
    now: () => now,
  };
  const relay: Relay = createRelay(host);

  /** What the server of now gets. It answers the relay's own requests. */
  function takeAtServer(line: string): void {
    const server = servers.length - 1;
    let message: Told = {};
    try {
      message = JSON.parse(line) ?? { method: line };
    } catch {
      message = { method: line };
    }
    servers[server]?.push(message);
    const { id, method = '', params } = message;
    if (!String(id).startsWith('codex-hotswap-') || !isRead) return;
    const reply = (parts.replies?.[method] ?? USUAL[method] ?? (() => ({})))(params, server);
    if (reply === 'silence') return;
    outbox.push(JSON.stringify('error' in reply ? { ...reply, id } : { id, result: reply }));
    if ('error' in reply || method !== 'turn/start') return;
    const { turn } = reply as { turn: { id: string } };
    const began = { threadId: params.threadId, turn };
    outbox.push(JSON.stringify({ method: 'turn/started', params: began }));
  }

  const USUAL: Record<string, (params: Told['params']) => object> = {
    'thread/resume': ({ threadId }) => ({ thread: thread(threadId) }),
    'thread/start': () => ({ thread: thread(uuid(++turns, 1)) }),
    'turn/start': () => ({ turn: { id: uuid(++turns, 2), status: 'inProgress', items: [] } }),
  };

  const scene = {
    ...{ relay, events, servers, timers },
    /** The lines that the client has got, in order. */
    lines: () => told,
    messages: () => told.map((line) => JSON.parse(line) as Told),
    /** The messages of one kind that the client has got. */
    told: (method: string) => scene.messages().filter((message) => message.method === method),
    answersTo: (id: string | number) =>
      scene.messages().filter((message) => message.id === id && message.method === undefined),
    /** What the server of now has got. Without a method: all but the relay's questions about the account. */
    got: (method?: string) =>
      (servers.at(-1) ?? []).filter((message) =>
        method === undefined ? !isAboutAccount(message) : message.method === method,
      ),
    client: (...messages: (object | string)[]) =>
      relay.fromClient(Buffer.from(messages.map(toText).join(''))),
    server: (...messages: (object | string)[]) =>
      relay.fromServer(Buffer.from(messages.map(toText).join(''))),
    /** The server has got a request of the client, and answers it. */
    answer: (id: string | number, result: object = {}) => scene.server({ id, result }),
    refuse: (id: string | number, message = 'no') =>
      scene.server({ error: { code: -32600, message }, id }),
    elapse(ms: number) {
      now += ms;
      for (const timer of [...timers]) {
        if (timer.at > now) continue;
        timers.splice(timers.indexOf(timer), 1);
        timer.act();
      }
    },
    /** The server has ended, and the next one is started. */
    nextServer() {
      relay.serverEnded(false);
      servers.push([]);
      partial = '';
    },
    open: (goesOn = true) => relay.openSuccessor({ goesOn, prompt: 'continue' }),
    /** The successor has answered everything. */
    async settle() {
      for (let idle = 0; idle < 3; idle += 1) {
        if (outbox.length > 0) idle = 0;
        for (const line of outbox.splice(0)) relay.fromServer(Buffer.from(`${line}\n`));
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async handOff(goesOn = true) {
      scene.nextServer();
      const opened = scene.open(goesOn);
      await scene.settle();
      return opened;
    },
    /** The answers of the successor that are not delivered yet. */
    outbox,
    deafen: () => {
      isRead = false;
    },
    /** A thread that the client has begun, with a turn that runs. */
    begin(threadId = THREAD, turnId: string | null = TURN, params: object = {}) {
      const request = {
        method: 'thread/start',
        id: `start ${threadId}`,
        params: { cwd: '/repo', ...params },
      };
      scene.client(request);
      scene.answer(request.id, { thread: thread(threadId, params) });
      if (turnId !== null) scene.beginTurn(threadId, turnId);
    },
    beginTurn(threadId = THREAD, turnId = TURN, params: object = {}, method = 'turn/start') {
      const id = `${method} ${turnId}`;
      scene.client({ method, id, params: { threadId, input: TEXT, ...params } });
      scene.answer(id, { turn: { id: turnId, status: 'inProgress', items: [] } });
      scene.server(started(threadId, turnId));
    },
    forget: () => void told.splice(0),
  };
  if (parts.isUnknown !== true) {
    const params = parts.initialize ?? { clientInfo: { name: 'lab', version: '1' } };
    scene.client({ id: 'init', method: 'initialize', params });
    scene.answer('init', { userAgent: 'codex' });
    scene.client({ method: 'initialized' });
  }
  return scene;
}

const TEXT = [{ type: 'text', text: 'do it' }];

function toText(message: object | string): string {
  return typeof message === 'string' ? message : `${JSON.stringify(message)}\n`;
}

/** A thread as the protocol has it. */
export function thread(id: string, more: object = {}): object {
  return {
    ...{ id, path: `/home/sessions/rollout-${id}.jsonl`, cwd: '/repo', ephemeral: false },
    ...{ parentThreadId: null, agentNickname: null, turns: [], ...more },
  };
}

export const started = (threadId = THREAD, id = TURN): object => ({
  method: 'turn/started',
  params: { threadId, turn: { id, items: [], status: 'inProgress', error: null } },
});

export const completed = (
  threadId = THREAD,
  id = TURN,
  status = 'completed',
  error: unknown = null,
) => ({
  method: 'turn/completed',
  params: { threadId, turn: { id, items: [], status, error } },
});

export const status = (threadId: string, type: string): object => ({
  method: 'thread/status/changed',
  params: { threadId, status: { type } },
});

export const delta = (threadId = THREAD, turnId = TURN, text = 'a'): object => ({
  method: 'item/agentMessage/delta',
  params: { threadId, turnId, itemId: 'item', delta: text },
});

/** The lines of a turn that meets the limit. */
export const failure = (threadId = THREAD, turnId = TURN, error: object = LIMIT): object[] => [
  { method: 'error', params: { threadId, turnId, willRetry: false, error } },
  status(threadId, 'systemError'),
  completed(threadId, turnId, 'failed', error),
];
