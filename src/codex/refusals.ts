import { classifyLimitText, normaliseForMatching } from './limits.ts';

/**
 * Why a Codex could not begin: somebody else still writes the thread it was to resume (fact 57), or the account's
 * login is gone (fact 19).
 */
export type Refusal = 'active-writer' | 'needs-login';

/**
 * What a Codex without a turn says about why. Only for the time before its first turn: later the words may be anybody's.
 * @param text what it has printed, wrapped or not.
 */
export function readRefusal(text: string): Refusal | undefined {
  const normalised = normaliseForMatching(text);
  if (WRITER_TEXTS.some((anchor) => normalised.includes(anchor))) return 'active-writer';
  // Its last words: further up a painted transcript may say the same.
  const last = classifyLimitText(text.slice(-MOST_LAST_WORDS));
  return last?.kind === 'needs-login' ? 'needs-login' : undefined;
}

/**
 * Whether a Codex may stand in its sign-in screen: for it there is no login. With a refresh token that is refused it
 * either ends with that message or, when the refusal came first, asks for a login and waits: a race (fact 19).
 * A list of threads can have the same words.
 */
export function mayAskToSignIn(text: string): boolean {
  const normalised = normaliseForMatching(text.slice(-MOST_SCREEN));
  return SIGN_IN_TEXTS.every((anchor) => normalised.includes(anchor));
}

const MOST_LAST_WORDS = 600;
const MOST_SCREEN = 4000;
/** See fact 19. */
const SIGN_IN_TEXTS = ['Sign in with ChatGPT', 'Sign in with Device Code'].map(
  normaliseForMatching,
);
const WRITER_TEXTS = [
  'already has an active writer',
  'This conversation is open in another app',
  'another Codex process may be suspended',
].map(normaliseForMatching);
