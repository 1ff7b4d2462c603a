import type { OuterTerminal, WaitOptions } from './outer-terminal.ts';

const SPINNER = /[\u2800-\u28ff]/;
/** The status line under the composer: model and directory, once the session is configured. */
const FOOTER = / · [~/]/;

/**
 * Resolves when Codex's TUI takes a prompt: session configured, no turn running. Sooner, 0.150 drops the Enter
 * (still starting) or the prompt itself (the turn before it just ending).
 */
export function waitForComposer(terminal: OuterTerminal, options?: WaitOptions): Promise<void> {
  return terminal.waitUntil(() => isIdle(terminal), 'an idle composer', options);
}

/** Waits for the composer, then submits a prompt. */
export async function ask(terminal: OuterTerminal, prompt: string): Promise<void> {
  await waitForComposer(terminal);
  await terminal.submit(prompt);
}

/**
 * Resolves when Codex reads keys again after `fg`. It throws away what is typed in the moments after it was continued, even
 * after its first frame (bare 0.171 under load: 5 of 40). So a key is pressed now and then until one is seen.
 */
export async function waitUntilKeysAreRead(terminal: OuterTerminal): Promise<void> {
  const isTyped = () => terminal.screen().some((row) => row.startsWith('› x'));
  const presses = setInterval(() => terminal.type('x'), 250);
  try {
    await terminal.waitUntil(isTyped, 'a key that was read');
  } finally {
    clearInterval(presses);
  }
  terminal.press('ctrl-u');
  await terminal.waitUntil(() => !isTyped(), 'an empty composer');
}

/** Types `/new` and waits until the new thread takes a prompt. */
export async function openNewThread(terminal: OuterTerminal): Promise<void> {
  await ask(terminal, '/new');
  // In a Git repository newer versions ask whether to make a worktree; the first choice is not to. (0.160, later ones)
  const question = /Current checkout|Use current Git worktree/;
  const asks = () => terminal.screen().some((row) => question.test(row));
  // 0.169 clears the screen, 0.150 leaves the old thread on it and says how to go back to that.
  const isNew = () => {
    const screen = terminal.screen().join('\n');
    return screen.includes('To continue this session') || !screen.includes('• ');
  };
  await terminal.waitUntil(() => asks() || isNew(), 'a new thread or the question where');
  if (asks()) terminal.press('enter');
  await terminal.waitUntil(isNew, 'a new thread');
}

function isIdle(terminal: OuterTerminal): boolean {
  const rows = terminal.screen();
  const composer = rows.findLastIndex((row) => row.startsWith('›'));
  const below = rows.slice(composer + 1).join('\n');
  return (
    composer >= 0 &&
    FOOTER.test(below) &&
    !SPINNER.test(terminal.title()) &&
    !rows.some((row) => row.includes('esc to interrupt'))
  );
}
