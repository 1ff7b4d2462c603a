import { toPlainText } from '../plain-text.ts';
import { widthOf } from './cut-to-width.ts';

export interface Fit {
  /** Undefined: as wide as it wants to be. */
  width: number | undefined;
  /** Columns to leave out when it does not fit, first to go first. */
  dispensable: readonly number[];
}

/** A line of a table. The last cell stands alone, so that it can be coloured. */
export interface Row {
  before: string;
  last: string;
}

/** A table with a title row that fits a terminal: columns go one by one; what is left may wrap. Its cells are made plain. */
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
