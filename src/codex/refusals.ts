import { normaliseForMatching } from './limits.ts';

/** Why a thread could not be resumed. */
export type Refusal = 'active-writer';

/**
 * Whether a Codex that was to resume a thread found it written by another process: up to 0.160 it ends with an error,
 * 0.169 stays and asks (measured). Only for the time before its first turn: later the words may be anybody's.
 * @param text what it has printed, wrapped or not.
 */
export function readRefusal(text: string): Refusal | undefined {
  const normalised = normaliseForMatching(text);
  return TEXTS.some((anchor) => normalised.includes(anchor)) ? 'active-writer' : undefined;
}

const TEXTS = [
  'already has an active writer',
  'This conversation is open in another app',
  'another Codex process may be suspended',
].map(normaliseForMatching);
