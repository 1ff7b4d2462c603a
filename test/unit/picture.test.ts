import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { drawFilm, type Frame } from '../../scripts/picture/draw-film.ts';
import { settleText, zoneOfSeven } from '../../scripts/picture/settle-text.ts';
import type { Cell } from '../lab/emulator.ts';
import { createEmulator } from '../lab/emulator.ts';

// The README's recorded picture of a handoff (npm run picture), and what draws it.

const PICTURE = readFileSync(new URL('../../.github/handoff.svg', import.meta.url), 'utf8');

async function screenOf(bytes: string, columns = 24, rows = 2): Promise<Cell[][]> {
  const emulator = createEmulator({ columns, rows });
  await emulator.feed(Buffer.from(bytes));
  const cells = emulator.cells();
  emulator.dispose();
  return cells;
}

async function draw(...screens: string[]): Promise<string> {
  const frames: Frame[] = [];
  for (const bytes of screens) {
    frames.push({ caption: 'c', seconds: 2, cells: await screenOf(bytes), cursor: { x: 0, y: 0 } });
  }
  return drawFilm(frames, { columns: 24, rows: 2, title: 'a < b', description: 'd' });
}

/** Names of elements that are opened and closed wrongly. */
function unbalanced(svg: string): string[] {
  const open: string[] = [];
  for (const [, closing, name, alone] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (closing && open.pop() !== name) return [...open, `</${name}>`];
    if (!closing && !alone) open.push(name as string);
  }
  return open;
}

test('each stretch of words stands at its column, in its colour', async () => {
  const svg = await draw('a & b   \x1b[1;31mred\x1b[0m \x1b[7minverse\x1b[0m');
  expect(svg).toContain('<text x="0" y="13" textLength="42">a &amp; b</text>');
  expect(svg).toMatch(
    /<text x="67.2" y="13" textLength="25.2" class="b" style="fill:#cd3131">red</,
  );
  expect(svg).toMatch(/<rect x="100.8" y="0" width="58.8" height="18" fill="#eeeeee"\/>/);
  expect(svg).toMatch(/style="fill:#111111">inverse</);
  expect(svg).toContain('<title id="title">a &lt; b</title>');
  expect(unbalanced(svg)).toEqual([]);
});

test('frames follow each other, and without animation the last one is seen', async () => {
  const svg = await draw('one', 'two', 'three');
  expect(svg).toContain('.frame:not(.f2){visibility:hidden}');
  expect(svg).toContain('@keyframes k0{0%{visibility:visible}33.3%,100%{visibility:hidden}}');
  expect(svg).toContain('@keyframes k2{0%{visibility:hidden}66.7%{visibility:visible}}');
});

test('clock and ids are the same in every recording', async () => {
  const id = '01a1fd1d-66c3-7401-9e95-8d3b1cc26a1e';
  const settled = settleText(await screenOf(`at 10:58 AM, ${id}`, 60));
  const text = settled[0]?.map((cell) => cell.text || ' ').join('') ?? '';
  expect(text).toMatch(/^at 10:41 AM, 01a1fb4c-7d2e-/);
  for (let hour = 0; hour < 24; hour += 1) {
    const now = new Date(Date.UTC(2026, 10, 21, hour, 30));
    const timeZone = zoneOfSeven(now);
    expect(now.toLocaleTimeString('en-GB', { timeZone })).toBe('07:30:00');
  }
});

test('the picture of the README is a recording of a handoff, small, and of no machine', () => {
  expect(PICTURE.length).toBeLessThan(60_000);
  expect(unbalanced(PICTURE)).toEqual([]);
  for (const said of [
    'This is acc1.',
    'work · acc1<',
    'work · acc2<',
    'hit your usage limit',
    'This is acc2.',
  ]) {
    expect(PICTURE).toContain(said);
  }
  expect(PICTURE).not.toMatch(/<script|href=|\/(?:home|root|work|Users|tmp)\/|\.cache/);
});
