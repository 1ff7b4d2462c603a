import { SHARED_DIRECTORIES, SHARED_FILES } from '../../src/codex/home-table.ts';
import { LIMIT_TEXTS } from '../../src/codex/limit-texts.ts';
import { QUEUE_TITLE } from '../../src/codex/prompt-queue.ts';

/** Texts of src/codex/refusals.ts, which keeps them to itself: a test holds that it knows these. */
export const WRITER_TEXTS = [
  'already has an active writer',
  'This conversation is open in another app',
  'another Codex process may be suspended',
];
/** The same of its sign-in screen. */
export const SIGN_IN_TEXTS = ['Sign in with ChatGPT', 'Sign in with Device Code'];

/** Every text that src/codex looks for in what Codex prints, and names it relies on, by the file that has it. */
export const KNOWN_TEXTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['src/codex/limit-texts.ts', LIMIT_TEXTS.map(({ anchor }) => anchor)],
  ['src/codex/limits.ts', ['Error running remote compact task: ']],
  ['src/codex/refusals.ts', [...WRITER_TEXTS, ...SIGN_IN_TEXTS]],
  ['src/codex/prompt-queue.ts', [QUEUE_TITLE]],
  ['src/codex/reserve.ts', ['gpt-reserve', 'tui-luna-reserve']],
  ['src/codex/home-table.ts', [...SHARED_DIRECTORIES, ...SHARED_FILES, 'CODEX_SQLITE_HOME']],
]);
