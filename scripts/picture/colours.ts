/** The default colours of the lab's terminal (test/lab/emulator.ts). */
export const INK = '#eeeeee';
export const PAPER = '#111111';

/** The first sixteen colours of xterm's palette. The cube and the greys after them are computed. */
const NAMED =
  '000000 cd3131 0dbc79 e5e510 3b8eea bc3fbc 11a8cd e5e5e5 767676 f14c4c 23d18b f5f543 5ca7ff d670d6 29b8db ffffff'.split(
    ' ',
  );

/** The colour of a cell (`default`, a palette number or `#rrggbb`) as `#rrggbb`. */
export function colourOf(colour: string, place: 'foreground' | 'background'): string {
  if (colour === 'default') return place === 'foreground' ? INK : PAPER;
  if (colour.startsWith('#')) return colour;
  const number = Number(colour);
  if (number < 16) return `#${NAMED[number]}`;
  if (number >= 232) return hex(Array(3).fill(8 + 10 * (number - 232)));
  const level = (step: number) => (step === 0 ? 0 : 55 + 40 * step);
  const cube = number - 16;
  return hex([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level));
}

function hex(parts: number[]): string {
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
