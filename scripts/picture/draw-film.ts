import type { Cell } from '../../test/lab/emulator.ts';
import { INK, PAPER } from './colours.ts';
import { findRuns, type Run } from './runs.ts';

/** A screen, and how long the film shows it. */
export interface Frame {
  caption: string;
  seconds: number;
  cells: Cell[][];
  cursor: { x: number; y: number };
}

export interface Film {
  columns: number;
  rows: number;
  title: string;
  description: string;
}

const CELL = { width: 8.4, height: 18 };
const FONT = 14;
const MARGIN = 14;
const BAR = 34;

/**
 * Draws screens as one SVG that shows one after another, for ever. It uses only CSS, so it works in an <img>. Without CSS, or
 * for a reader who switched motion off, it shows the last screen.
 */
export function drawFilm(frames: readonly Frame[], film: Film): string {
  const width = round(film.columns * CELL.width + 2 * MARGIN);
  const height = film.rows * CELL.height + BAR + MARGIN;
  const size = `width="${width}" height="${height}"`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escapeText(film.title)}</title>`,
    `<desc id="desc">${escapeText(film.description)}</desc>`,
    `<style>\n${style(frames)}\n</style>`,
    `<rect ${size} rx="8" style="shape-rendering:auto" fill="${PAPER}"/>`,
    ...['#ff5f57', '#febc2e', '#28c840'].map(
      (colour, index) => `<circle cx="${20 + index * 18}" cy="17" r="5.5" fill="${colour}"/>`,
    ),
    ...frames.flatMap((frame, index) => [
      `<g class="frame f${index}">`,
      `<text class="caption" x="${round(width / 2)}" y="22">${escapeText(frame.caption)}</text>`,
      `<g transform="translate(${MARGIN} ${BAR})">`,
      ...frame.cells.flatMap((row, number) => findRuns(row).flatMap((run) => drawRun(run, number))),
      drawCursor(frame),
      '</g>',
      '</g>',
    ]),
    '</svg>',
  ].join('\n')}\n`;
}

function style(frames: readonly Frame[]): string {
  const total = frames.reduce((sum, { seconds }) => sum + seconds, 0);
  const last = frames.length - 1;
  const percent = (seconds: number) => `${round((seconds / total) * 100)}%`;
  let from = 0;
  const steps = frames.map(({ seconds }, index) => {
    const [start, end] = [percent(from), percent(from + seconds)];
    from += seconds;
    const before = index === 0 ? '' : '0%{visibility:hidden}';
    const after = index === last ? '' : `${end},100%{visibility:hidden}`;
    return `@keyframes k${index}{${before}${start}{visibility:visible}${after}}`;
  });
  return [
    `text{font:${FONT}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace;fill:${INK}}`,
    '.caption{text-anchor:middle;fill:#9a9a9a}rect{shape-rendering:crispEdges}.b{font-weight:bold}.i{font-style:italic}.d{opacity:.6}.u{text-decoration:underline}.s{text-decoration:line-through}',
    `.frame:not(.f${last}){visibility:hidden}`,
    ...frames.map((_, index) => `.f${index}{animation:k${index} ${total}s step-end infinite}`),
    `@media (prefers-reduced-motion:reduce){.frame{animation:none}}`,
    ...steps,
  ].join('\n');
}

function drawRun({ column, text, foreground, background, marks }: Run, row: number): string[] {
  const place = (at: number, count: number) => ({
    x: round(at * CELL.width),
    width: round(count * CELL.width),
  });
  const { x, width } = place(column, text.length);
  const y = row * CELL.height;
  const ground = `<rect x="${x}" y="${y}" width="${width}" height="${CELL.height}" fill="${background}"/>`;
  const names = marks === '' ? '' : ` class="${marks}"`;
  // A style, because the style sheet has priority over an attribute.
  const ink = foreground === INK ? '' : ` style="fill:${foreground}"`;
  return [
    ...(background === PAPER ? [] : [ground]),
    // SVG draws several blanks as one, and fonts differ in width. So each group of words gets its own place and width.
    ...[...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: words, index }) => {
      const { x: left, width: length } = place(column + index, words.length);
      return `<text x="${left}" y="${y + 13}" textLength="${length}"${names}${ink}>${escapeText(words)}</text>`;
    }),
  ];
}

function drawCursor({ cursor }: Frame): string {
  const [x, y] = [round(cursor.x * CELL.width), cursor.y * CELL.height];
  return `<rect x="${x}" y="${y}" width="${CELL.width}" height="${CELL.height}" fill="${INK}" opacity=".45"/>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
