import type { Cell } from '../../test/lab/emulator.ts';
import { colourOf } from './colours.ts';

/** Neighbouring cells with the same colours and attributes. */
export interface Run {
  column: number;
  /** One character for each cell. */
  text: string;
  foreground: string;
  background: string;
  /** Class names: b(old), i(talic), d(im), u(nderline), s(trikethrough). */
  marks: string;
}

const MARKS = { bold: 'b', italic: 'i', dim: 'd', underline: 'u', strikethrough: 's' };

/** A row of a screen, from left to right. */
export function findRuns(row: readonly Cell[]): Run[] {
  const runs: Run[] = [];
  for (const [column, cell] of row.entries()) {
    const run = { column, text: cell.text || ' ', ...lookOf(cell) };
    const open = runs.at(-1);
    if (open === undefined || !looksLike(open, run)) runs.push(run);
    else open.text += run.text;
  }
  return runs;
}

function lookOf({ foreground, background, attributes }: Cell) {
  const names = attributes.split(' ');
  const colours = [colourOf(foreground, 'foreground'), colourOf(background, 'background')] as const;
  const [fore, back] = names.includes('inverse') ? [colours[1], colours[0]] : colours;
  const marks = Object.entries(MARKS).filter(([name]) => names.includes(name));
  return { foreground: fore, background: back, marks: marks.map(([, mark]) => mark).join(' ') };
}

function looksLike(one: Run, other: Run): boolean {
  return (
    one.foreground === other.foreground &&
    one.background === other.background &&
    one.marks === other.marks
  );
}
