/** One line of the result. */
export interface Row {
  what: string;
  ours: string;
  /** The rival's value, with its name. */
  rival: string;
  /** Ours divided by the rival's, or ours minus the rival's. */
  ratio: string;
  budget: string;
  verdict: 'ok' | 'MISS' | '';
}

const HEAD: Row = {
  what: 'what',
  ours: 'ours',
  rival: 'rival',
  ratio: 'compared',
  budget: 'budget',
  verdict: '',
};

export function formatTable(rows: Row[]): string {
  const columns = ['what', 'ours', 'rival', 'ratio', 'budget', 'verdict'] as const;
  const widths = columns.map((column) =>
    Math.max(...[HEAD, ...rows].map((row) => row[column].length)),
  );
  const line = (row: Row) =>
    columns
      .map((column, i) => row[column].padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(HEAD), rule, ...rows.map(line)].join('\n');
}

export function verdictOf(isMet: boolean): Row['verdict'] {
  return isMet ? 'ok' : 'MISS';
}
