export interface Fit {
  /** Undefined: as wide as it wants to be. */
  width: number | undefined;
  /** Columns to leave out when it does not fit, first to go first. */
  dispensable: readonly number[];
  /** What a cell takes on the screen. */
  lengthOf(cell: string): number;
}

/** A table with a title row that fits a terminal: columns go one by one; what is left may wrap. */
export function fitTable(rows: readonly (readonly string[])[], fit: Fit): string[] {
  const { width, dispensable, lengthOf } = fit;
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => lengthOf(row[column] ?? ''))),
  );
  const shown = new Set(widths.keys());
  const total = () => [...shown].reduce((sum, column) => sum + (widths[column] ?? 0) + 2, -2);
  for (const column of dispensable) {
    if (width !== undefined && total() > width) shown.delete(column);
  }
  const last = Math.max(...shown);
  return rows.map((row) =>
    [...shown]
      .map((column) => {
        const cell = row[column] ?? '';
        return column === last ? cell : cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell));
      })
      .join('  ')
      .trimEnd(),
  );
}
