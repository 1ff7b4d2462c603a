// npm run screens: the screens of a handoff as text, in two sizes, for test/README.md. Recorded as the picture is.
import { openStage } from './demo/stage.ts';
import { type Moment, recordHandoff } from './picture/record-handoff.ts';

const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
];
const SHOWN: Partial<Record<Moment['name'], string>> = {
  answer: 'before',
  limit: 'during: acc1 is at its limit',
  successor: 'during: the thread is open under acc2',
  after: 'after',
  end: 'after the end of the session',
};

const texts: string[] = [];
for (const size of SIZES) {
  const stage = await openStage(false);
  try {
    await stage.setUp();
    for (const { name, caption, cells } of await recordHandoff(stage, size)) {
      const when = SHOWN[name];
      if (when === undefined) continue;
      texts.push(
        `${size.columns}×${size.rows}, ${when}:\n\n${frame(caption, cells, size.columns)}`,
      );
    }
  } finally {
    await stage.close();
  }
}
console.log(`\n${texts.join('\n\n')}`);

/** The screen in a frame, with the window's title on it. One row stands for three and more empty ones. */
function frame(title: string, cells: Moment['cells'], columns: number): string {
  const rows = cells.map((row) =>
    row
      .map(({ text }) => text || ' ')
      .join('')
      .trimEnd(),
  );
  const last = rows.findLastIndex((row) => row !== '');
  const head = title === '' ? '' : `─ ${title} `;
  const text = rows
    .slice(0, last + 1)
    .join('\n')
    .replace(/(?<=\n)\n{2,}(?=\n)/g, '⋮');
  const lines = text.split('\n').map((row) => `│${row.padEnd(columns)}│`);
  const top = `┌${head.padEnd(columns, '─')}┐`;
  return ['```text', top, ...lines, `└${'─'.repeat(columns)}┘`, '```'].join('\n');
}
