import type { OuterTerminal } from './outer-terminal.ts';
import type { Sandbox } from './sandbox.ts';
import { findStrays } from './strays.ts';

/** Trusts the directory that Codex asks about at its start. */
export async function trustDirectory(terminal: OuterTerminal, box: Sandbox): Promise<void> {
  const question = /› 1\. (Trust and|Yes,) continue/;
  await waitForDialog(terminal, box, question);
  terminal.press('enter');
  await terminal.waitUntil(() => !shows(terminal, question), 'the end of the question');
}

/** Trusts all hooks that Codex asks about at its start. */
export async function trustAllHooks(terminal: OuterTerminal, box: Sandbox): Promise<void> {
  const question = 'Hooks need review';
  await waitForDialog(terminal, box, question);
  terminal.type('2');
  // 0.150 takes the digit for the answer.
  const isAnswered = () => !shows(terminal, question);
  const isChosen = () => shows(terminal, '› 2. Trust all');
  await terminal.waitUntil(() => isChosen() || isAnswered(), 'the choice');
  if (isChosen()) terminal.press('enter');
  await terminal.waitUntil(isAnswered, 'the end of the question');
}

/**
 * Resolves when Codex shows a dialog of its start and reads keys: it throws away those that came before. One in the very
 * moment between may end it ("timed out discarding buffered terminal input": bare 0.150, 5 of 170). Who draws again when
 * told of a new size reads keys, too.
 */
export async function waitForDialog(
  terminal: OuterTerminal,
  box: Sandbox,
  text: string | RegExp,
): Promise<void> {
  await terminal.waitForText(text);
  await terminal.waitUntil(() => terminal.raw().includes(FRAME_END), 'a whole frame');
  const drawn = terminal.raw().length;
  // It is thrown away as keys are.
  const telling = setInterval(() => tellOfSize(box), 100);
  const isDrawn = () => terminal.raw().includes(FRAME_START, drawn);
  await terminal.waitUntil(isDrawn, 'another frame').finally(() => clearInterval(telling));
}

const FRAME_START = '\u001b[?2026h';
const FRAME_END = '\u001b[?2026l';

function tellOfSize(box: Sandbox): void {
  for (const { pid } of findStrays(box.home)) {
    try {
      process.kill(pid, 'SIGWINCH');
    } catch {
      // gone meanwhile
    }
  }
}

function shows(terminal: OuterTerminal, text: string | RegExp): boolean {
  return new RegExp(text).test(terminal.screen().join('\n'));
}
