import type { Cell } from '../../test/lab/emulator.ts';

/** Texts that differ from one recording to the next, and their replacements. The width is the same, so nothing moves. */
const SETTLED: [RegExp, string][] = [
  [/(?<=\b\d\d:)\d\d\b/g, '41'],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '01a1fb4c-7d2e-7c10-8f3a-5b6d9e0c1a27'],
];

/** The time zone (of whole hours) in which it is between 7:00 and 8:00 now, so that all recordings show the same hour. */
export function zoneOfSeven(now: Date): string {
  const ahead = (7 - now.getUTCHours() + 24 + 11) % 24; // 0 to 23, for 11 behind to 12 ahead
  // The names of these zones have the opposite sign: Etc/GMT-1 is one hour ahead.
  return `Etc/GMT${ahead - 11 > 0 ? '-' : '+'}${Math.abs(ahead - 11)}`;
}

/** The screen with the same minutes and ids as every recording. */
export function settleText(screen: readonly Cell[][]): Cell[][] {
  return screen.map((row) => {
    // One character for each cell, so that a place in the text is a column.
    const text = row.map((cell) => (cell.text.length === 1 ? cell.text : ' ')).join('');
    const settled = SETTLED.reduce((line, [pattern, stand]) => line.replace(pattern, stand), text);
    return row.map((cell, column) =>
      settled[column] === text[column] ? cell : { ...cell, text: settled[column] as string },
    );
  });
}
