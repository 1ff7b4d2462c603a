import {
  type LimitWindow,
  MAX_LENGTH,
  readArgument,
  readDirectory,
  readEpochSeconds,
  readLimitWindow,
  readText,
  readTimestamp,
} from './bounds.ts';
import { type Credits, readCredits } from './credits.ts';
import { dropUndefined, parseJson, readObject, readString } from './json.ts';

/** The `rate_limits` of a `token_count` line. */
export interface RateLimits {
  windows: LimitWindow[];
  limitId?: string;
  limitName?: string;
  plan?: string;
  /** `rate_limit_reached`, or one of the four `workspace_…` values (fact 70). */
  reachedType?: string;
  credits?: Credits;
}

interface LineTime {
  /** When the line was written, epoch milliseconds. */
  at?: number;
  /** The time in the line, when `at` was corrected because the clock was set back. */
  writtenAt?: number;
}

export type RolloutFact = LineTime &
  (
    | {
        type: 'session_meta';
        threadId: string;
        cwd?: string;
        source?: string;
        /** The account that began the thread. Codex's lists show the thread to no other account (fact 59). */
        scope?: { userId: string; accountId: string };
        /** Another thread of the same process started this one, so it cannot be resumed. */
        subagent: boolean;
        /** The thread of an agent that the model has spawned. The name is the model's. */
        agent?: { name?: string; root?: string };
      }
    | { type: 'task_started'; turnId?: string }
    | {
        type: 'task_complete';
        turnId?: string;
        /** Epoch seconds; absent in old versions. */
        completedAt?: number;
        error?: { message: string; info: string };
        /** The turn ended with an answer of the model. */
        answered: boolean;
      }
    | { type: 'turn_aborted'; turnId?: string }
    | { type: 'token_count'; limits?: RateLimits }
    /** `/goal` was set or ended. The record does not say when a limit halts a goal (fact 66). */
    | { type: 'goal'; active: boolean }
    /** Model and effort of the following turns. */
    | { type: 'settings'; model?: string; effort?: string }
    | { type: 'turn_context'; turnId?: string; model?: string; effort?: string; cwd?: string }
    /** A message with the role of the user: a prompt, or context that Codex adds. */
    | { type: 'prompt'; text: string }
  );

/** Reads one line of a rollout; undefined for all other types of line, and for a damaged line. */
export function parseRolloutLine(line: string): RolloutFact | undefined {
  if (!isRelevantHead(line)) return undefined;
  const entry = readObject(parseJson(line));
  const payload = readObject(entry?.payload);
  if (entry === undefined || payload === undefined) return undefined;
  const at = readTimestamp(entry.timestamp);
  const fact = readEntry(entry.type, payload, (at ?? Date.now()) / 1000);
  return fact && (at === undefined ? fact : { ...fact, at });
}

/** Reads the head of a line that is too long to parse: a message of the user becomes a prompt with an empty text. */
export function parseLongLineHead(head: string): RolloutFact | undefined {
  const beginning = head.slice(0, HEAD_CHARACTERS);
  if (!beginning.includes('"type":"response_item"') || !beginning.includes('"role":"user"')) {
    return undefined;
  }
  const at = readTimestamp(/^\{"timestamp":"([^"]{1,40})"/.exec(beginning)?.[1]);
  return { type: 'prompt', text: '', ...dropUndefined({ at }) };
}

/** Corrects the times of a fact after the clock was set back. @param byMs milliseconds that the clock lost. */
export function correctTime(fact: RolloutFact, byMs: number): RolloutFact {
  const { at } = fact;
  if (byMs === 0 || at === undefined) return fact;
  const corrected = { ...fact, at: at + byMs, writtenAt: at };
  if (corrected.type !== 'task_complete' || corrected.completedAt === undefined) return corrected;
  return { ...corrected, completedAt: corrected.completedAt + Math.ceil(byMs / 1000) };
}

/** Whether the head of a line shows a type that we read. Lines of other types hold files and images. */
export function isRelevantHead(head: string): boolean {
  return RELEVANT_TYPES.test(head.slice(0, HEAD_CHARACTERS));
}

/** These characters have the timestamp, the ordinal and the type of a line: the long fields come after them. */
export const HEAD_CHARACTERS = 400;

const RELEVANT_TYPES =
  /"(?:session_meta|turn_context|task_started|turn_started|task_complete|turn_complete|turn_aborted|token_count|thread_settings_applied|thread_goal_updated)"|"role":"user"/;

/** @param toldAt when the line was written, epoch seconds. */
function readEntry(type: unknown, payload: Payload, toldAt: number): RolloutFact | undefined {
  if (type === 'session_meta') return readSessionMeta(payload);
  if (type === 'turn_context') return readTurnContext(payload);
  if (type === 'response_item') return readPrompt(payload);
  return type === 'event_msg' ? readEvent(payload, toldAt) : undefined;
}

function readPrompt({ type, role, content }: Payload): RolloutFact | undefined {
  if (type !== 'message' || role !== 'user' || !Array.isArray(content)) return undefined;
  const texts = content.flatMap((part) => readString(readObject(part)?.text) ?? []);
  return texts.length === 0 ? undefined : { type: 'prompt', text: texts.join('\n') };
}

function readEvent(payload: Payload, toldAt: number): RolloutFact | undefined {
  const turn = dropUndefined({ turnId: readString(payload.turn_id) });
  switch (payload.type) {
    case 'task_started':
    case 'turn_started':
      return { type: 'task_started', ...turn };
    case 'turn_aborted':
      return { type: 'turn_aborted', ...turn };
    case 'thread_goal_updated':
      return { type: 'goal', active: readObject(payload.goal)?.status === 'active' };
    case 'thread_settings_applied':
      return readSettings(payload.thread_settings);
    case 'token_count':
      return {
        type: 'token_count',
        ...dropUndefined({ limits: readRateLimits(payload.rate_limits, toldAt) }),
      };
    case 'task_complete':
    case 'turn_complete':
      return {
        type: 'task_complete',
        ...turn,
        answered: readString(payload.last_agent_message) !== undefined,
        ...dropUndefined({
          completedAt: readEpochSeconds(payload.completed_at),
          error: readError(payload.error),
        }),
      };
    default:
      return undefined;
  }
}

/** `codex_error_info` is a word, or an object with one key, such as `{"http_connection_failed":{…}}`. */
function readError(value: unknown): { message: string; info: string } | undefined {
  const error = readObject(value);
  if (error === undefined) return undefined;
  const info = error.codex_error_info;
  const word = readString(info) ?? Object.keys(readObject(info) ?? {})[0] ?? 'other';
  return {
    message: readText(error.message, MAX_LENGTH.message) ?? '',
    info: word.slice(0, MAX_LENGTH.name),
  };
}

function readSessionMeta(payload: Payload): RolloutFact | undefined {
  const threadId = readArgument(payload.id) ?? readArgument(payload.session_id);
  if (threadId === undefined) return undefined;
  const source = readObject(payload.source);
  return {
    type: 'session_meta',
    threadId,
    subagent: source !== undefined && 'subagent' in source,
    ...dropUndefined({
      cwd: readDirectory(payload.cwd),
      source: readString(payload.source) ?? Object.keys(source ?? {})[0],
      scope: readScope(payload),
      agent: readAgent(payload, readObject(source?.subagent)),
    }),
  };
}

/** Other sub-agents (a review, a compaction) work for a turn of their thread, and that turn fails with them. */
function readAgent(
  meta: Payload,
  subagent: Payload | undefined,
): { name?: string; root?: string } | undefined {
  const spawn = readObject(subagent?.thread_spawn);
  if (spawn === undefined) return undefined;
  const name =
    readText(spawn.agent_path, MAX_LENGTH.name) ?? readText(spawn.agent_nickname, MAX_LENGTH.name);
  const root = readText(meta.session_id, MAX_LENGTH.name);
  return dropUndefined({ name, root });
}

function readScope(meta: Payload): { userId: string; accountId: string } | undefined {
  const userId = readText(meta.creator_user_id, MAX_LENGTH.name);
  const accountId = readText(meta.creator_account_id, MAX_LENGTH.name);
  if (meta.account_scoped !== true || userId === undefined) return undefined;
  return accountId === undefined ? undefined : { userId, accountId };
}

function readTurnContext(payload: Payload): RolloutFact {
  return {
    type: 'turn_context',
    ...dropUndefined({
      turnId: readString(payload.turn_id),
      model: readArgument(payload.model),
      effort: readArgument(payload.effort),
      cwd: readDirectory(payload.cwd),
    }),
  };
}

function readSettings(value: unknown): RolloutFact {
  const settings = readObject(value) ?? {};
  const effort = readArgument(settings.effort) ?? readArgument(settings.reasoning_effort);
  return { type: 'settings', ...dropUndefined({ model: readArgument(settings.model), effort }) };
}

function readRateLimits(value: unknown, toldAt: number): RateLimits | undefined {
  const limits = readObject(value);
  if (limits === undefined) return undefined;
  const windows = [limits.primary, limits.secondary].flatMap((value) => {
    const { used_percent, window_minutes, resets_at } = readObject(value) ?? {};
    return readLimitWindow(used_percent, window_minutes, resets_at, toldAt) ?? [];
  });
  return {
    windows,
    ...dropUndefined({
      limitId: readText(limits.limit_id, MAX_LENGTH.name),
      limitName: readText(limits.limit_name, MAX_LENGTH.name),
      plan: readText(limits.plan_type, MAX_LENGTH.name),
      reachedType: readText(limits.rate_limit_reached_type, MAX_LENGTH.name),
      credits: readCredits(limits.credits),
    }),
  };
}

type Payload = Record<string, unknown>;
