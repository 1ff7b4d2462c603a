import { join } from 'node:path';
import { readRegularFile } from '../regular-file.ts';
import type { RolloutFact } from './rollout.ts';

/**
 * The model that Codex goes on with by itself when the included usage of an account is used up ("Automatically switched
 * to … due to usage limits.", fact 74).
 */
const RESERVE_MODEL = 'gpt-reserve';

/** Which model a thread runs on, as far as the reserve goes. */
export interface ReserveState {
  /** Of the last setting or turn. */
  onReserve: boolean;
  /** When Codex left the thread's own model for it, under this child; epoch milliseconds. */
  switchedAt?: number;
}

export const isReserveModel = (model: string | undefined): boolean => model === RESERVE_MODEL;

/**
 * The state after one more fact. A thread that was on the reserve before this child was started, or in its first word
 * under it, tells nothing about the account of now. Pure.
 */
export function noteModel(
  state: ReserveState | undefined,
  fact: Pick<RolloutFact, 'at'> & { model?: string },
  startedAtMs: number,
): ReserveState | undefined {
  const { model, at = 0 } = fact;
  if (model === undefined) return state;
  if (!isReserveModel(model)) return { onReserve: false };
  if (state?.onReserve !== false || at < startedAtMs) return { ...state, onReserve: true };
  return { onReserve: true, switchedAt: at };
}

/**
 * The model and effort that Codex means to go back to when the account has usage again: a file of its own for each thread
 * on the reserve (fact 74). The only word on a thread that has begun there.
 */
export function readReturnModel(
  codexHome: string,
  threadId: string,
): { model: string; effort?: string } | undefined {
  try {
    const file = join(codexHome, 'tui-luna-reserve', `${threadId}.json`);
    const { model, effort } = JSON.parse(readRegularFile(file).toString('utf8')) as Record<
      string,
      unknown
    >;
    if (typeof model !== 'string') return undefined;
    return typeof effort === 'string' ? { model, effort } : { model };
  } catch {
    return undefined;
  }
}
