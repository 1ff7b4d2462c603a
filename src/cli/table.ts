import { toPlainText } from '../plain-text.ts';
import { widthOf } from './cut-to-width.ts';

export interface Fit {
  /** Columns of the terminal; undefined: no limit. */
  width: number | undefined;
  /** Columns that may be left out, in this order. */
  dispensable: readonly number[];
}

/** A line of a table. The last cell is separate, because it may get a colour. */
export interface Row {
  before: string;
  last: string;
}

/**
 * Lays out a table with a title row, and makes its cells plain. It leaves columns out until the table fits or no more of them
 * are dispensable.
 */
export function fitTable(rows: readonly (readonly string[])[], { width, dispensable }: Fit): Row[] {
  const cells = rows.map((row) => row.map((cell) => toPlainText(cell)));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => widthOf(row[column] ?? ''))),
  );
  const shown = new Set(widths.keys());
  const total = () => [...shown].reduce((sum, column) => sum + (widths[column] ?? 0) + 2, -2);
  for (const column of dispensable) {
    if (width !== undefined && total() > width) shown.delete(column);
  }
  const last = Math.max(...shown);
  return cells.map((row) => ({
    before: [...shown]
      .filter((column) => column !== last)
      .map((column) => {
        const cell = row[column] ?? '';
        return `${cell}${' '.repeat((widths[column] ?? 0) - widthOf(cell))}  `;
      })
      .join(''),
    last: row[last] ?? '',
  }));
}
