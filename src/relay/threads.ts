import { MAX_LENGTH, readArgument, readDirectory, readText } from '../codex/bounds.ts';
import { dropUndefined, readObject, readString } from '../codex/json.ts';

type Fields = Record<string, unknown>;

/** A thread that the server has open for the client. All ids are those of the server of now. */
export interface OpenThread {
  id: string;
  /** The file of its rollout. Undefined before its first turn, and for a thread that is not recorded. */
  rollout: string | undefined;
  cwd: string | undefined;
  model: string | undefined;
  effort: string | undefined;
  /** It is not recorded, so no successor can open it. */
  isEphemeral: boolean;
  /** What began its first turn, while that turn is its only one. A thread that is not recorded is begun again with it. */
  firstInput: readonly object[] | undefined;
  /** Its first turn is begun again, so its prompt is told again. */
  repeatsPrompt: boolean;
  /** Another thread has begun it: its turns belong to an agent. The name is the model's. */
  agent: { parent: string; name: string | undefined } | undefined;
  /** The request that opened it, with the choices of the client since. */
  opening: TurnRequest;
  /** The request that will begin the next turn. */
  asked: TurnRequest | undefined;
  /** The turn that runs, or that has failed and is being decided on. */
  turn: OpenTurn | undefined;
  /** The id of its last turn. Undefined: it has had none in this session. */
  lastTurn: string | undefined;
  hasActiveGoal: boolean;
  /** A successor goes on with a turn: the id of that turn at the last server. */
  continues: string | undefined;
  /** Begins the turn again, with a prompt. Set while a turn that was begun without a prompt has told nothing (fact 133). */
  beginWithPrompt: (() => void) | undefined;
}

export interface TurnRequest {
  method: string;
  params: Fields;
}

export interface OpenTurn {
  id: string;
  /** Epoch milliseconds. */
  beganAt: number;
  request: TurnRequest | undefined;
  /** Set when it has failed. */
  failure?: TurnFailure;
  /** The client has ended it while a handoff was under way. */
  isInterrupted?: boolean;
}

export interface TurnFailure {
  /** A word of the protocol, such as `usageLimitExceeded`. */
  info: string;
  message: string;
}

/** Reads a `thread` of the protocol. @param opening the request that opened it. */
export function readThread(value: unknown, opening: TurnRequest): OpenThread | undefined {
  const thread = readObject(value);
  const id = readArgument(thread?.id);
  if (thread === undefined || id === undefined) return undefined;
  const parent = readString(thread.parentThreadId);
  return {
    id,
    rollout: readDirectory(thread.path),
    cwd: readDirectory(thread.cwd),
    model: readArgument(thread.model),
    effort: readArgument(thread.reasoningEffort),
    isEphemeral: thread.ephemeral === true,
    ...{ firstInput: undefined, repeatsPrompt: false },
    agent:
      parent === undefined
        ? undefined
        : { parent, name: readText(thread.agentNickname, MAX_LENGTH.name) },
    opening: { method: opening.method, params: { ...opening.params } },
    ...{ asked: undefined, turn: undefined, lastTurn: undefined, hasActiveGoal: false },
    ...{ continues: undefined, beginWithPrompt: undefined },
  };
}

/** Reads the `error` of a failed turn: `codexErrorInfo` is a word, or an object with one key. */
export function readFailure(value: unknown): TurnFailure {
  const error = readObject(value);
  const told = error?.codexErrorInfo;
  const info = readString(told) ?? Object.keys(readObject(told) ?? {})[0] ?? 'other';
  return {
    info: info.slice(0, MAX_LENGTH.name),
    message: readText(error?.message, MAX_LENGTH.message) ?? '',
  };
}

/** The client sets these for a thread with a turn, and Codex up to 0.144 forgets them when it opens the thread again (fact 132). */
export function noteChoices(thread: OpenThread, params: Fields): void {
  const { approvalPolicy, sandboxPolicy } = params;
  const chosen = thread.opening.params;
  if (approvalPolicy != null) chosen.approvalPolicy = approvalPolicy;
  if (sandboxPolicy == null) return;
  const mode = nameSandbox(readObject(sandboxPolicy));
  if (mode === undefined) delete chosen.sandbox;
  else chosen.sandbox = mode;
  delete chosen.permissions;
}

/**
 * The request that opens the thread again. Its model, its effort and its directory are on record, and may have changed since. A
 * thread without a turn is on no record, so it is begun again, and gets another id. So is a thread that is never recorded, in its
 * first turn.
 * @returns undefined when nobody can open it again.
 */
export function reopeningOf(thread: OpenThread): TurnRequest | undefined {
  const { opening, id, lastTurn, isEphemeral, firstInput } = thread;
  const isFresh = lastTurn === undefined || (isEphemeral && firstInput !== undefined);
  if (isFresh && opening.method === 'thread/start') return opening;
  if (isEphemeral) return undefined;
  const params = { ...pick(opening.params, REOPENING), threadId: id, excludeTurns: true };
  return { method: 'thread/resume', params };
}

/** The params that run the failed turn again: those of its own request, without a prompt. */
export function continuationOf(thread: OpenThread, input: readonly object[]): Fields {
  const own = thread.turn?.request?.params ?? {};
  return { ...pick(own, OF_A_TURN), ...dropUndefined({ threadId: thread.id }), input };
}

const REOPENING = [
  ...['modelProvider', 'serviceTier', 'approvalPolicy', 'approvalsReviewer', 'sandbox'],
  ...['permissions', 'config', 'baseInstructions', 'developerInstructions', 'personality'],
];

const OF_A_TURN = [
  ...['approvalPolicy', 'approvalsReviewer', 'sandboxPolicy', 'permissions', 'model'],
  ...['serviceTier', 'serviceTierForTurn', 'effort', 'summary', 'personality', 'outputSchema'],
  ...['collaborationMode', 'cwd', 'runtimeWorkspaceRoots', 'environments', 'disabledPluginIds'],
  ...['responsesapiClientMetadata', 'turnTrigger', 'cyberAccessProgram'],
];

function pick(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(
    names.flatMap((name) => (fields[name] == null ? [] : [[name, fields[name]]])),
  );
}

/** A policy with roots or hosts of its own cannot be said in one word. */
function nameSandbox(policy: Fields | undefined): string | undefined {
  switch (policy?.type) {
    case 'dangerFullAccess':
      return 'danger-full-access';
    case 'readOnly':
      return policy.networkAccess === true ? undefined : 'read-only';
    case 'workspaceWrite': {
      const { writableRoots, networkAccess } = policy;
      const isPlain = !(Array.isArray(writableRoots) && writableRoots.length > 0) && !networkAccess;
      return isPlain ? 'workspace-write' : undefined;
    }
    default:
      return undefined;
  }
}
