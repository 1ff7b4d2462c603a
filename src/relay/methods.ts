/**
 * What becomes of a request whose server ends before it has answered. `replay`: it only reads, so the successor gets it again.
 * `refuse`: it may have had its effect, so the client gets the protocol's error for "send it again" and decides itself.
 */
export function afterLostServer(method: string): 'replay' | 'refuse' {
  return READS.test(method) || READ_METHODS.has(method) ? 'replay' : 'refuse';
}

/**
 * Some requests change the server itself, not a thread and no file. The successor gets them before anything else.
 * @returns a key: a later request with the same key takes the place of the earlier one. Undefined for every other request.
 */
export function keyOfSetting(method: string, params: Params): string | undefined {
  const field = SETTINGS.get(method);
  if (field === undefined) return undefined;
  return field === '' ? method : `${method} ${String(params[field])}`;
}

/** The keys that a request makes void, such as those of a watch that is ended. */
export function keysEndedBy(method: string, params: Params): string[] {
  const ended = ENDS.get(method);
  if (ended === undefined) return [];
  const { of, field } = ended;
  return of.map((name) => (field === '' ? name : `${name} ${String(params[field])}`));
}

/** The requests that open a thread for the client. Their result has the thread. */
export const OPENING = new Set(['thread/start', 'thread/resume', 'thread/fork']);

/** The requests that begin a turn. */
export const TURN_REQUESTS = new Set([
  ...['turn/start', 'review/start', 'thread/compact/start', 'thread/shellCommand'],
]);

/** The requests whose result lists turns. A turn that was continued is one turn for the client. */
export const TURN_LISTS = new Set([
  ...['thread/read', 'thread/resume', 'thread/fork', 'thread/turns/list'],
]);

/** While a successor is made ready, its notifications of these kinds tell nothing new: the client has had them before. */
export const REPEATED = new Set([
  ...['configWarning', 'deprecationNotice', 'remoteControl/status/changed', 'thread/started'],
  ...['thread/status/changed', 'thread/tokenUsage/updated', 'thread/settings/updated'],
  ...['thread/goal/cleared', 'thread/goal/updated', 'thread/queue/changed', 'turn/started'],
  'mcpServer/startupStatus/updated',
]);

/** The notifications that the relay reads. A server must send them, also when the client does not want them. */
export const NOTED = new Set([
  ...['thread/started', 'thread/closed', 'thread/archived', 'thread/deleted', 'turn/started'],
  ...['thread/status/changed', 'error', 'turn/completed', 'account/rateLimits/updated'],
  ...['thread/goal/updated', 'thread/goal/cleared', 'process/exited', 'thread/realtime/closed'],
  ...['serverRequest/resolved', 'item/started', 'account/updated'],
]);

/** The notifications that tell the end of a failed turn. When the turn goes on, the client never gets them. */
export const OF_A_FAILURE = new Set([
  ...['error', 'thread/status/changed', 'turn/completed', 'thread/goal/updated'],
]);

/** The error that the protocol has for a request that the client may send again (fact 131). */
export const SEND_AGAIN = {
  code: -32001,
  message: 'codex was restarted under another account before it answered; send the request again',
};

type Params = Record<string, unknown>;

const READS = /\/(?:list|read|search|status|info|get|readiness|installed|searchOccurrences)$/;
/** `initialize` changes only its connection, and the connection ends with the server. */
const READ_METHODS = new Set([
  'initialize',
  ...['getConversationSummary', 'gitDiffToRemote', 'getAuthStatus', 'fuzzyFileSearch'],
  ...['fs/readFile', 'fs/getMetadata', 'fs/readDirectory', 'thread/realtime/listVoices'],
]);

/** The method → the field of its params that names the setting; '' when there is one. */
const SETTINGS = new Map([
  ['experimentalFeature/enablement/set', ''],
  ['skills/extraRoots/set', ''],
  ['remoteControl/enable', ''],
  ['environment/add', 'environmentId'],
  ['fs/watch', 'watchId'],
  ['fuzzyFileSearch/sessionStart', 'sessionId'],
  ['fuzzyFileSearch/sessionUpdate', 'sessionId'],
]);

const ENDS = new Map([
  ['remoteControl/disable', { of: ['remoteControl/enable'], field: '' }],
  ['fs/unwatch', { of: ['fs/watch'], field: 'watchId' }],
  [
    'fuzzyFileSearch/sessionStop',
    { of: ['fuzzyFileSearch/sessionStart', 'fuzzyFileSearch/sessionUpdate'], field: 'sessionId' },
  ],
]);
