import { join } from 'node:path';
import { readTextQuietly } from '../regular-file.ts';
import { readArgument } from './bounds.ts';
import { dropUndefined, parseJson, readObject } from './json.ts';
import type { RolloutFact } from './rollout.ts';

/** Codex switches a thread to this model by itself when the included usage of an account is used up (fact 74). */
const RESERVE_MODEL = 'gpt-reserve';

/** Whether a thread runs on the reserve model. */
export interface ReserveState {
  /** Of the last setting or turn. */
  onReserve: boolean;
  /** When Codex switched to the reserve model under this child, epoch milliseconds. */
  switchedAt?: number;
}

export const isReserveModel = (model: string | undefined): boolean => model === RESERVE_MODEL;

/**
 * The state after one more fact. `switchedAt` proves that the account is used up. A thread that was on the reserve model
 * before the start of this child, or from its first fact on, proves nothing about the account of this child.
 */
export function updateReserveState(
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
 * The model and effort that Codex uses again after the reserve model. Each thread on the reserve model has a file with them
 * (fact 74). For a thread that began on the reserve model there is no other source.
 */
export function readReturnModel(
  codexHome: string,
  threadId: string,
): { model: string; effort?: string } | undefined {
  const file = join(codexHome, 'tui-luna-reserve', `${threadId}.json`);
  const settings = readObject(parseJson(readTextQuietly(file)));
  const model = readArgument(settings?.model);
  return model === undefined
    ? undefined
    : { model, ...dropUndefined({ effort: readArgument(settings?.effort) }) };
}
