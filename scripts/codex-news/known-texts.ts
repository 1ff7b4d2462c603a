import { SHARED_DIRECTORIES, SHARED_FILES } from '../../src/codex/home-table.ts';
import { LIMIT_TEXTS } from '../../src/codex/limit-texts.ts';
import { QUEUE_TITLE } from '../../src/codex/prompt-queue.ts';

/** Texts of src/codex/refusals.ts, which does not export them. A test checks that it knows these. */
export const WRITER_TEXTS = [
  'already has an active writer',
  'This conversation is open in another app',
  'another Codex process may be suspended',
];
/** Texts of the sign-in screen in the same file. */
export const SIGN_IN_TEXTS = ['Sign in with ChatGPT', 'Sign in with Device Code'];

/** Every text of Codex that src/codex looks for, and every name that it uses, by the file of ours. */
export const KNOWN_TEXTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['src/codex/limit-texts.ts', LIMIT_TEXTS.map(({ anchor }) => anchor)],
  ['src/codex/limits.ts', ['Error running remote compact task: ']],
  ['src/codex/refusals.ts', [...WRITER_TEXTS, ...SIGN_IN_TEXTS]],
  ['src/codex/prompt-queue.ts', [QUEUE_TITLE]],
  ['src/codex/reserve.ts', ['gpt-reserve', 'tui-luna-reserve']],
  ['src/codex/home-table.ts', [...SHARED_DIRECTORIES, ...SHARED_FILES, 'CODEX_SQLITE_HOME']],
]);
