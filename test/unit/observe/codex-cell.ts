/**
 * How Codex draws an error cell: red, hard-wrapped by itself at the terminal's width, each row placed by a cursor move
 * and cleared behind (fact 72). From 0.160 on a word longer than the row, or a URL, is broken inside.
 */
export function drawErrorCell(text: string, width: number, breakWords: boolean): string {
  const rows = breakWords ? hardWrap(`■ ${text}`, width) : wordWrap(`■ ${text}`, width);
  const drawn = rows.map(
    (row, index) => `\u001b[${index + 3};1H\u001b[31m${row}\u001b[39m\u001b[K`,
  );
  return `\u001b[?2026h\u001b[1;20r${drawn.join('')}\u001b[r\u001b[?2026l`;
}

function hardWrap(text: string, width: number): string[] {
  const chars = [...text];
  const rows: string[] = [];
  for (let at = 0; at < chars.length; at += width) rows.push(chars.slice(at, at + width).join(''));
  return rows;
}

function wordWrap(text: string, width: number): string[] {
  const rows: string[] = [];
  let row = '';
  for (const word of text.split(' ')) {
    if (row !== '' && row.length + 1 + word.length > width) {
      rows.push(row);
      row = '';
    }
    row = row === '' ? word : `${row} ${word}`;
  }
  return [...rows, row].flatMap((long) => hardWrap(long, width));
}
