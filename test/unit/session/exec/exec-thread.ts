import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  line,
  sessionMeta,
  taskComplete,
  taskStarted,
  tokenCount,
} from '../../codex/rollout-lines.ts';
import { makeScratchHome } from '../../state/scratch-home.ts';

/** A thread with a rollout that has its first line. */
export interface Thread {
  id: string;
  rollout: string;
}

/** @param ageMs how long ago it was begun; a negative one is of a thread that the next child is to begin. */
export function makeThread(ageMs = -1000, meta: object = {}): Thread {
  const began = new Date(Date.now() - ageMs);
  const time = began.getTime().toString(16).padStart(12, '0');
  const random = Math.random().toString(16).slice(2, 14).padEnd(12, '0');
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${random}`;
  const directory = join(makeScratchHome().sharedHome, 'sessions/2026/11/21');
  mkdirSync(directory, { recursive: true });
  const rollout = join(directory, `rollout-${localSecond(began)}-${id}.jsonl`);
  writeFileSync(rollout, `${sessionMeta({ id, cwd: '/repo', ...meta })}\n`);
  return { id, rollout };
}

/** Adds the lines that a Codex writes now. */
export function appendLines(rollout: string, writes?: (at: string) => string[]): void {
  const lines = writes?.(new Date().toISOString()) ?? [];
  appendFileSync(rollout, lines.map((text) => `${text}\n`).join(''));
}

const FULL = { used_percent: 100, window_minutes: 300, resets_at: 1_900_000_000 };
const LIMIT_TEXT = "You've hit your usage limit. Try again at 3:40 PM.";

/** A turn that ends as `payload` says, with the user's prompt in it. */
export function turn(id: string, payload: object): (at: string) => string[] {
  return (at) => [taskStarted(id, at), prompt(at), taskComplete({ turn_id: id, ...payload }, at)];
}

/** A turn that meets the limit of the five hours. */
export function limited(id: string): (at: string) => string[] {
  return (at) => [
    taskStarted(id, at),
    prompt(at),
    tokenCount({ primary: FULL }, at),
    taskComplete({ turn_id: id, error: limitError(LIMIT_TEXT) }, at),
  ];
}

/** The same in the compaction before a turn; 0.150 has the prompt on record only after that. */
export function limitedInCompaction(
  id: string,
  { hasPrompt = false } = {},
): (at: string) => string[] {
  const error = limitError(`Error running remote compact task: ${LIMIT_TEXT}`);
  return (at) => [
    taskStarted(id, at),
    ...(hasPrompt ? [prompt(at)] : []),
    taskComplete({ turn_id: id, error }, at),
  ];
}

/** A turn that Codex up to 0.144 ran into a limit: it records no error. */
export function limitedBefore0145(id: string): (at: string) => string[] {
  return (at) => [
    taskStarted(id, at),
    prompt(at),
    tokenCount({ primary: FULL }, at),
    taskComplete({ turn_id: id }, at),
  ];
}

/** A turn that the service refuses, as another account's model thought in the thread. */
export function refused(id: string): (at: string) => string[] {
  const message = '{"error":{"code":"invalid_encrypted_content"}}';
  return turn(id, { error: { message, codex_error_info: 'bad_request' } });
}

/** A turn that ends as the login of its account is gone. */
export function loggedOut(id: string): (at: string) => string[] {
  const message =
    'Your access token could not be refreshed because your refresh token was revoked. Please log out and sign in again.';
  return turn(id, { error: { message, codex_error_info: 'unauthorized' } });
}

export function turnContext(payload: object, at?: string): string {
  return line('turn_context', payload, at);
}

export function prompt(at?: string): string {
  const content = [{ type: 'input_text', text: 'do it' }];
  return line('response_item', { type: 'message', role: 'user', content }, at);
}

function limitError(message: string): object {
  return { message, codex_error_info: 'usage_limit_exceeded' };
}

/** As in a rollout's name. */
function localSecond(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day}T${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join('-')}`;
}
