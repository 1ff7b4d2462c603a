import { ask, waitForComposer } from '../../test/lab/composer.ts';
import { openCodex } from './open-codex.ts';
import type { Stage } from './stage.ts';

/** Without a terminal: types into a virtual terminal and prints its screens. @throws Error when an expected text is missing. */
export async function playAlone(stage: Stage): Promise<void> {
  console.log('\n$ codex');
  const terminal = openCodex(stage, { columns: 100, rows: 28 });
  const show = (what: string) => console.log(`\n${what}\n${frame(terminal.screen(), 100)}`);

  await ask(terminal, 'What is a usage limit?');
  await terminal.waitForText('This is acc1.');
  await waitForComposer(terminal);
  show('One prompt: acc1 answers with the last turn it has.');

  await ask(terminal, 'And what happens at the limit?');
  await stage.backend.waitForRequest(({ outcome }) => outcome?.kind === 'failed');
  await terminal.waitForText('This is acc2.');
  await waitForComposer(terminal);
  show('A second prompt: acc1 is at its limit, and without a key press acc2 goes on.');

  await ask(terminal, '/quit');
  const { status, signal } = await terminal.waitForExit();
  show('/quit');
  if (status !== 0 || signal !== 0)
    throw new Error(`codex ended with ${status || `signal ${signal}`}`);
}

function frame(rows: string[], columns: number): string {
  const last = rows.findLastIndex((row) => row !== '');
  const lines = rows.slice(0, last + 1).map((row) => `│${row.padEnd(columns)}│`);
  const edge = '─'.repeat(columns);
  return [`┌${edge}┐`, ...lines, `└${edge}┘`].join('\n');
}
