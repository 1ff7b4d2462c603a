import { readObject } from '../codex/json.ts';
import type { OpenThread, TurnRequest } from './threads.ts';

type Fields = Record<string, unknown>;

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
  const { opening, id, lastTurn, isEphemeral, hasRecord, firstInput } = thread;
  const isFresh = lastTurn === undefined ? !hasRecord : isEphemeral && firstInput !== undefined;
  if (isFresh && opening.method === 'thread/start') return opening;
  if (isEphemeral) return undefined;
  const params = { ...pick(opening.params, REOPENING), threadId: id, excludeTurns: true };
  return { method: 'thread/resume', params };
}

/** The params that run a failed turn of the thread again: those of its own request, without the prompt. */
export function continuationOf(
  threadId: string,
  request: TurnRequest | undefined,
  input: readonly object[],
): Fields {
  return { ...pick(request?.params ?? {}, OF_A_TURN), threadId, input };
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
