import { classifyLimitText, normaliseForMatching } from './limits.ts';

/** Why Codex did not begin: another process writes the thread (fact 57), or the account has no login (fact 19). */
export type StartRefusal = 'active-writer' | 'needs-login';

/**
 * Reads the reason from what Codex printed before its first turn. Later the same words may come from a model or a user.
 * @param text wrapped or not.
 */
export function readRefusal(text: string): StartRefusal | undefined {
  const normalised = normaliseForMatching(text);
  if (WRITER_TEXTS.some((anchor) => normalised.includes(anchor))) return 'active-writer';
  // Only the end: above it Codex may have painted a transcript with the same words.
  const kind = classifyLimitText(text.slice(-MAX_END_CHARACTERS))?.kind;
  return kind === 'needs-login' ? kind : undefined;
}

/**
 * Whether Codex may show its sign-in screen, because it has no login (fact 19). A list of threads may have the same
 * words.
 */
export function mayAskToSignIn(text: string): boolean {
  const normalised = normaliseForMatching(text.slice(-MAX_SCREEN_CHARACTERS));
  return SIGN_IN_TEXTS.every((anchor) => normalised.includes(anchor));
}

const MAX_END_CHARACTERS = 600;
const MAX_SCREEN_CHARACTERS = 4000;
const SIGN_IN_TEXTS = ['Sign in with ChatGPT', 'Sign in with Device Code'].map(
  normaliseForMatching,
);
const WRITER_TEXTS = [
  'already has an active writer',
  'This conversation is open in another app',
  'another Codex process may be suspended',
].map(normaliseForMatching);
