// flood.mjs BYTES [plain]: writes that many bytes of frames as a TUI draws them, or of plain text. Each block has its number.
import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';

/** Bytes of one frame. */
export const BLOCK = 32 * 1024;
const START = '\x1b[?2026h\x1b[1;1H';

/** Frames as Codex draws them: synchronized updates, cursor moves, colours, text, a few wide characters. */
function makeBlock() {
  const lines = [`${START}000000000000`];
  let length = lines[0].length;
  for (let row = 2; length < BLOCK - 200; row += 1) {
    const line = `\x1b[${(row % 40) + 1};1H\x1b[38;5;${row % 256}m• line ${row}\x1b[0m of the answer, \x1b[1mbold\x1b[0m and plain text that goes on for a while\x1b[K\r\n`;
    lines.push(line);
    length += Buffer.byteLength(line);
  }
  const end = '\x1b[?2026l';
  const body = Buffer.from(lines.join(''));
  return Buffer.concat([
    body,
    Buffer.alloc(BLOCK - body.length - end.length, '.'),
    Buffer.from(end),
  ]);
}

function makePlainBlock() {
  const line = `${'x'.repeat(12)} a line of a log or a source file, as long as such lines usually are\r\n`;
  return Buffer.from(line.repeat(Math.ceil(BLOCK / line.length)).slice(0, BLOCK));
}

/** The blocks of that many bytes, in order; the last may be cut. */
export function* makeFlood(size, isPlain = false) {
  const block = isPlain ? makePlainBlock() : makeBlock();
  const place = isPlain ? 0 : START.length;
  for (let number = 0, left = size; left > 0; number += 1, left -= BLOCK) {
    block.write(String(number).padStart(12, '0'), place, 'latin1');
    yield left < BLOCK ? block.subarray(0, left) : block;
  }
}

if (import.meta.filename === process.argv[1]) {
  // Raw mode: otherwise each of the two ptys would change the line breaks.
  spawnSync('stty', ['raw', '-echo'], { stdio: ['inherit', 'ignore', 'ignore'] });
  for (const block of makeFlood(Number(process.argv[2]), process.argv[3] === 'plain')) {
    for (let rest = block; rest.length > 0; ) rest = rest.subarray(writeSync(1, rest));
  }
}
