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
