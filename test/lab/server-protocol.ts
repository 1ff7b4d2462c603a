/**
 * The few types of Codex's app-server protocol that our tests use. Copied from the bindings of 0.171.0 (`codex app-server
 * generate-ts --out DIR`), cut down to the fields that tests read or send.
 */
export interface Methods {
  initialize: { params: InitializeParams; result: { userAgent: string } };
  'thread/start': { params: ThreadStartParams; result: { thread: Thread; cwd: string } };
  'thread/resume': { params: { threadId: string }; result: { thread: Thread } };
  'thread/read': {
    params: { threadId: string; includeTurns?: boolean };
    result: { thread: Thread };
  };
  'thread/loaded/list': { params: Record<string, never>; result: { data: string[] } };
  'turn/start': { params: TurnStartParams; result: { turn: Turn } };
  'turn/interrupt': { params: { threadId: string; turnId: string }; result: object };
  'turn/steer': {
    params: { threadId: string; input: UserInput[]; expectedTurnId: string };
    result: object;
  };
  'account/read': {
    params: { refreshToken?: boolean };
    result: { account: { type: string; email?: string; planType?: string } | null };
  };
  'account/rateLimits/read': { params: null; result: { rateLimits: object } };
  'model/list': { params: object; result: { data: object[] } };
}

export interface InitializeParams {
  clientInfo: { name: string; title: string | null; version: string };
  capabilities?: { experimentalApi?: boolean; optOutNotificationMethods?: string[] } | null;
}

export interface ThreadStartParams {
  cwd?: string;
  model?: string;
  approvalPolicy?: 'untrusted' | 'on-request' | 'never';
  sandbox?: 'read-only' | 'workspace-write' | 'danger-full-access';
  ephemeral?: boolean;
}

export interface Thread {
  id: string;
  path: string | null;
  cwd: string;
  source: unknown;
  turns: Turn[];
}

export interface TurnStartParams {
  threadId: string;
  input: UserInput[];
  model?: string;
  cwd?: string;
}

export type UserInput =
  | { type: 'text'; text: string; text_elements?: [] }
  | { type: 'localImage'; path: string };

export interface Turn {
  id: string;
  status: 'completed' | 'interrupted' | 'failed' | 'inProgress';
  error: { message: string; codexErrorInfo: unknown } | null;
  items: { type: string; id: string; text?: string }[];
}

/** One line of the protocol in either direction. */
export interface Message {
  id?: number | string;
  method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test names the fields that it means
  params?: any;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  result?: any;
  error?: { code: number; message: string; data?: unknown };
}
