import type { OuterTerminal } from './outer-terminal.ts';

/**
 * What codex-hotswap has said in a terminal so far, line by line, without its name before it. From the bytes: what 0.150
 * scrolls away at its start (SU) is in no scrollback of the emulator's.
 */
export function readOurLines(terminal: OuterTerminal): string[] {
  const said = terminal
    .raw()
    .toString()
    .matchAll(/codex-hotswap: ([^\r\n]*)\r\n/g);
  return [...said].map(([, line]) => line as string);
}

/** Resolves as soon as it has said so. */
export function waitForOurLine(terminal: OuterTerminal, wanted: RegExp): Promise<void> {
  return terminal.waitUntil(
    () => readOurLines(terminal).some((line) => wanted.test(line)),
    String(wanted),
  );
}
