import { closeSync, openSync, readSync } from 'node:fs';
import { toPlainText } from '../plain-text.ts';
import { errnoOf } from '../state/files.ts';
import { isTerminal } from '../terminal/tty-facts.ts';

/**
 * Asks a question on the terminal before Codex starts, and waits for one line.
 * @returns whether the answer is yes; undefined without a terminal.
 */
export function askPerson(question: string): boolean | undefined {
  if (!isTerminal(0) || !isTerminal(2)) return undefined;
  let terminal: number;
  try {
    // A descriptor of its own waits for the answer also where a program before us has made stdin non-blocking.
    terminal = openSync('/dev/tty', 'r');
  } catch {
    return undefined;
  }
  try {
    process.stderr.write(`codex-hotswap: ${toPlainText(question)} [y/N] `);
    return /^\s*y(es)?\s*$/i.test(readLine(terminal));
  } finally {
    closeSync(terminal);
  }
}

/** One line. The terminal gives no more than a line at once, so what was typed after it stays for Codex. */
function readLine(terminal: number): string {
  const buffer = Buffer.alloc(1024);
  for (;;) {
    try {
      return buffer.toString('utf8', 0, readSync(terminal, buffer));
    } catch (error) {
      if (errnoOf(error) !== 'EINTR') throw error; // after Ctrl-Z and fg
    }
  }
}
