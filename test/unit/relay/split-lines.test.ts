import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { createLineSplitter, type LinePiece } from '../../../src/relay/split-lines.ts';

const text = fc
  .array(fc.constantFrom('\n', '\n', 'a', 'é', '\r', '{"id":1}', '\0', 'x'.repeat(9)), {
    maxLength: 60,
  })
  .map((parts) => Buffer.from(parts.join('')));

/** The bytes in chunks, cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length];
  const sorted = at.sort((a, b) => a - b);
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

function split(chunks: readonly Buffer[], limit: number): LinePiece[] {
  const splitter = createLineSplitter(limit);
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

test('at every cut of every text: no byte is lost or changes its place, and each line is one piece', () => {
  fc.assert(
    fc.property(text, fc.array(fc.nat()), (bytes, places) => {
      const pieces = split(cut(bytes, places), 1000);
      expect(Buffer.concat(pieces.map((piece) => piece.bytes))).toEqual(bytes);
      expect(pieces.every(({ part }) => part === 'whole')).toBe(true);
      const lines = bytes.toString('latin1').match(/[^\n]*\n|[^\n]+$/g) ?? [];
      expect(pieces.map((piece) => piece.bytes.toString('latin1'))).toEqual(lines);
    }),
  );
});

describe('a line that is longer than the limit', () => {
  it('comes in pieces, at every cut: head, middles, tail; nothing is lost, and at most limit + chunk bytes are kept', () => {
    fc.assert(
      fc.property(
        text,
        fc.array(fc.nat()),
        fc.integer({ min: 1, max: 12 }),
        (bytes, places, limit) => {
          const pieces = split(cut(bytes, places), limit);
          expect(Buffer.concat(pieces.map((piece) => piece.bytes))).toEqual(bytes);
          const parts = pieces.map(({ part }) => part).join(' ');
          expect(`${parts} `).toMatch(/^(?:(?:whole|head (?:middle )*tail) )*$|^ $/);
        },
      ),
    );
  });

  it('is not kept', () => {
    const splitter = createLineSplitter(10);
    const pieces = Array.from({ length: 5 }, () => splitter.push(Buffer.from('123456'))).flat();
    expect(pieces.map(({ part, bytes }) => [part, bytes.length])).toEqual([
      ['head', 12],
      ['middle', 6],
      ['middle', 6],
      ['middle', 6],
    ]);
    expect(splitter.push(Buffer.from('7\n8\n')).map(({ part }) => part)).toEqual(['tail', 'whole']);
    expect(splitter.end()).toEqual([]);
  });
});
