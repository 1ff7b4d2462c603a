import {
  MOST,
  readDirectory,
  readEpochSeconds,
  readPercent,
  readResetTime,
  readText,
  readTimestamp,
  readWindowMinutes,
  readWord,
} from './bounds.ts';
import { defined, parseJson, record } from './json.ts';

/** One window of a rate limit snapshot; told apart by its length, never by its place (fact 69). */
export interface LimitWindow {
  usedPercent: number;
  /** 300 = 5 h, 10080 = weekly; absent when the server does not say. */
  minutes?: number;
  /** Epoch seconds. */
  resetsAt?: number;
}

/** The `rate_limits` of a `token_count` line. */
export interface RateLimits {
  windows: LimitWindow[];
  limitId?: string;
  limitName?: string;
  plan?: string;
  /** `rate_limit_reached` or one of the four `workspace_…` values (fact 70). */
  reachedType?: string;
}

interface Stamped {
  /** When the line was written, epoch milliseconds. */
  at?: number;
  /** The same as the line has it, where the clock was set back since and `at` is corrected. */
  writtenAt?: number;
}

export type RolloutFact = Stamped &
  (
    | {
        type: 'session_meta';
        threadId: string;
        cwd?: string;
        source?: string;
        /** A thread that another thread of the same process spawned: never the one to resume. */
        subagent: boolean;
        parentThreadId?: string;
        forkedFrom?: string;
        creatorUserId?: string;
        creatorAccountId?: string;
        cliVersion?: string;
      }
    | { type: 'task_started'; turnId?: string }
    | {
        type: 'task_complete';
        turnId?: string;
        /** Epoch seconds; absent in old versions. */
        completedAt?: number;
        error?: { message: string; info: string };
        /** Whether the turn ended with an answer. */
        answered: boolean;
      }
    | { type: 'turn_aborted'; turnId?: string; reason?: string }
    | { type: 'token_count'; limits?: RateLimits }
    /** `/goal`: the thread works towards one by itself, or no longer does. That a limit halts it is not recorded. */
    | { type: 'goal'; active: boolean }
    /** Model and effort from here on, whoever chose them. */
    | { type: 'settings'; model?: string; effort?: string }
    | { type: 'turn_context'; turnId?: string; model?: string; effort?: string; cwd?: string }
    /** What the model is told in the user's name: their prompts, and context that Codex adds. */
    | { type: 'prompt'; text: string }
  );

/** Reads one line of a rollout. Undefined for the many kinds of line that are not our business, and for garbage. */
export function parseRolloutLine(line: string): RolloutFact | undefined {
  if (!mayMatter(line)) return undefined;
  const entry = record(parseJson(line));
  const payload = record(entry?.payload);
  if (entry === undefined || payload === undefined) return undefined;
  const at = readTimestamp(entry.timestamp);
  const fact = readEntry(text(entry.type), payload, (at ?? Date.now()) / 1000);
  return fact && (at === undefined ? fact : { ...fact, at });
}

/** The same of a line that is too long to be read: that the user said something, not what. */
export function parseLongLine(head: string): RolloutFact | undefined {
  const beginning = head.slice(0, HEAD_CHARACTERS);
  if (!beginning.includes('"type":"response_item"') || !beginning.includes('"role":"user"')) {
    return undefined;
  }
  const at = Date.parse(/^\{"timestamp":"([^"]{1,40})"/.exec(beginning)?.[1] ?? '');
  return { type: 'prompt', text: '', ...(Number.isNaN(at) ? {} : { at }) };
}

/** The fact as if the clock had not been set back by so many milliseconds before its line was written. */
export function correctTime(fact: RolloutFact, byMs: number): RolloutFact {
  const { at } = fact;
  if (byMs === 0 || at === undefined) return fact;
  const corrected = { ...fact, at: at + byMs, writtenAt: at };
  if (corrected.type !== 'task_complete' || corrected.completedAt === undefined) return corrected;
  return { ...corrected, completedAt: corrected.completedAt + Math.ceil(byMs / 1000) };
}

/** Whether the head of a line can be one of ours: the others hold whole files and images, not worth parsing. */
export function mayMatter(head: string): boolean {
  return OURS.test(head.slice(0, HEAD_CHARACTERS));
}

/** Enough of a line to see its type: timestamp, ordinal and type come before anything long. */
export const HEAD_CHARACTERS = 400;

const OURS =
  /"(?:session_meta|turn_context|task_started|turn_started|task_complete|turn_complete|turn_aborted|token_count|thread_settings_applied|thread_goal_updated)"|"role":"user"/;

/** @param toldAt when the line was written, epoch seconds. */
function readEntry(
  type: string | undefined,
  payload: Payload,
  toldAt: number,
): RolloutFact | undefined {
  if (type === 'session_meta') return readSessionMeta(payload);
  if (type === 'turn_context') return readTurnContext(payload);
  if (type === 'response_item') return readPrompt(payload);
  return type === 'event_msg' ? readEvent(payload, toldAt) : undefined;
}

function readPrompt({ type, role, content }: Payload): RolloutFact | undefined {
  if (type !== 'message' || role !== 'user' || !Array.isArray(content)) return undefined;
  const texts = content
    .map((part) => text(record(part)?.text))
    .filter((said) => said !== undefined);
  return texts.length === 0 ? undefined : { type: 'prompt', text: texts.join('\n') };
}

function readEvent(payload: Payload, toldAt: number): RolloutFact | undefined {
  const turn = defined({ turnId: text(payload.turn_id) });
  switch (payload.type) {
    case 'task_started':
    case 'turn_started':
      return { type: 'task_started', ...turn };
    case 'turn_aborted':
      return { type: 'turn_aborted', ...turn, ...defined({ reason: text(payload.reason) }) };
    case 'thread_goal_updated':
      return { type: 'goal', active: record(payload.goal)?.status === 'active' };
    case 'thread_settings_applied':
      return readSettings(payload.thread_settings);
    case 'token_count':
      return {
        type: 'token_count',
        ...defined({ limits: readRateLimits(payload.rate_limits, toldAt) }),
      };
    case 'task_complete':
    case 'turn_complete':
      return {
        type: 'task_complete',
        ...turn,
        answered: text(payload.last_agent_message) !== undefined,
        ...defined({
          completedAt: readEpochSeconds(payload.completed_at),
          error: readError(payload.error),
        }),
      };
    default:
      return undefined;
  }
}

// `codex_error_info` is a word, or an object with one key such as {"http_connection_failed":{…}}.
function readError(value: unknown): { message: string; info: string } | undefined {
  const error = record(value);
  if (error === undefined) return undefined;
  const info = error.codex_error_info;
  const word = text(info) ?? Object.keys(record(info) ?? {})[0] ?? 'other';
  return { message: readText(error.message, MOST.message) ?? '', info: word.slice(0, MOST.name) };
}

function readSessionMeta(payload: Payload): RolloutFact | undefined {
  const threadId = readWord(payload.id) ?? readWord(payload.session_id);
  if (threadId === undefined) return undefined;
  const source = record(payload.source);
  return {
    type: 'session_meta',
    threadId,
    subagent: source !== undefined && 'subagent' in source,
    ...defined({
      cwd: readDirectory(payload.cwd),
      source: text(payload.source) ?? Object.keys(source ?? {})[0],
      parentThreadId: text(payload.parent_thread_id),
      forkedFrom: text(payload.forked_from_id),
      creatorUserId: text(payload.creator_user_id),
      creatorAccountId: text(payload.creator_account_id),
      cliVersion: text(payload.cli_version),
    }),
  };
}

function readTurnContext(payload: Payload): RolloutFact {
  return {
    type: 'turn_context',
    ...defined({
      turnId: text(payload.turn_id),
      model: readWord(payload.model),
      effort: readWord(payload.effort),
      cwd: readDirectory(payload.cwd),
    }),
  };
}

function readSettings(value: unknown): RolloutFact {
  const settings = record(value) ?? {};
  const effort = readWord(settings.effort) ?? readWord(settings.reasoning_effort);
  return { type: 'settings', ...defined({ model: readWord(settings.model), effort }) };
}

function readRateLimits(value: unknown, toldAt: number): RateLimits | undefined {
  const limits = record(value);
  if (limits === undefined) return undefined;
  const windows = [readWindow(limits.primary, toldAt), readWindow(limits.secondary, toldAt)];
  return {
    windows: windows.filter((window) => window !== undefined),
    ...defined({
      limitId: readText(limits.limit_id, MOST.name),
      limitName: readText(limits.limit_name, MOST.name),
      plan: readText(limits.plan_type, MOST.name),
      reachedType: readText(limits.rate_limit_reached_type, MOST.name),
    }),
  };
}

function readWindow(value: unknown, toldAt: number): LimitWindow | undefined {
  const window = record(value);
  const usedPercent = readPercent(window?.used_percent);
  if (window === undefined || usedPercent === undefined) return undefined;
  return {
    usedPercent,
    ...defined({
      minutes: readWindowMinutes(window.window_minutes),
      resetsAt: readResetTime(window.resets_at, toldAt),
    }),
  };
}

type Payload = Record<string, unknown>;

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
