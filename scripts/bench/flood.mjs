// flood.mjs BYTES: writes that many bytes of what a TUI writes, numbered so that no block is like another.
import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';

/** Bytes of one frame. */
export const BLOCK = 32 * 1024;

/** Frames as Codex draws them: synchronized updates, cursor moves, colours, text, a few wide characters. */
export function makeBlock(number) {
  const lines = [`\x1b[?2026h\x1b[1;1H${String(number).padStart(12, '0')}`];
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

/** The blocks of a flood of that size, in order; the last may be cut. */
export function* makeFlood(size) {
  const block = makeBlock(0);
  for (let number = 0, left = size; left > 0; number += 1, left -= BLOCK) {
    block.write(String(number).padStart(12, '0'), '\x1b[?2026h\x1b[1;1H'.length, 'latin1');
    yield left < BLOCK ? block.subarray(0, left) : block;
  }
}

if (import.meta.filename === process.argv[1]) {
  // Bytes as they are: otherwise the two ptys would each make a line break of theirs.
  spawnSync('stty', ['raw', '-echo'], { stdio: ['inherit', 'ignore', 'ignore'] });
  for (const block of makeFlood(Number(process.argv[2]))) {
    for (let rest = block; rest.length > 0; ) rest = rest.subarray(writeSync(1, rest));
  }
}
