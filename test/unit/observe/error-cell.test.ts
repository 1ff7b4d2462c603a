import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classifyLimitText, normaliseForMatching } from '../../../src/codex/limits.ts';
import { createErrorCellScanner, type ErrorCell } from '../../../src/observe/error-cell.ts';
import { inBothApostrophes, SAMPLES } from '../codex/limit-samples.ts';
import { anyCuts, anyStream, cutAt } from './chunks.ts';
import { drawErrorCell } from './codex-cell.ts';

function scan(pieces: readonly Buffer[]): ErrorCell[] {
  const cells = new Map<number, ErrorCell>();
  const scanner = createErrorCellScanner((cell) => cells.set(cell.number, cell));
  for (const piece of pieces) scanner.feed(piece);
  return [...cells.values()];
}

function kindsOf(pieces: readonly Buffer[]): (string | undefined)[] {
  return scan(pieces).map(({ text }) => classifyLimitText(text)?.kind);
}

describe('an error cell is read', () => {
  const widths = Array.from({ length: 181 }, (_, index) => index + 20);

  test.each(SAMPLES)('at every width and wrapping: $text', ({ text, kind }) => {
    for (const variant of inBothApostrophes(text)) {
      for (const width of widths) {
        for (const breakWords of [true, false]) {
          const drawn = Buffer.from(`before\r\n${drawErrorCell(variant, width, breakWords)}after`);
          expect(kindsOf([drawn])).toEqual([kind]);
        }
      }
    }
  });

  test.each(SAMPLES)('cut at every byte: $text', ({ text, kind }) => {
    const drawn = Buffer.from(drawErrorCell(inBothApostrophes(text).at(-1) as string, 40, true));
    for (let cut = 1; cut < drawn.length; cut += 1) {
      expect(kindsOf(cutAt(drawn, [cut]))).toEqual([kind]);
    }
    expect(kindsOf(cutAt(drawn, [...drawn.keys()]))).toEqual([kind]);
  });

  test('any text, apostrophe, width, wrapping and chunking', () => {
    const texts = SAMPLES.flatMap(({ text, kind }) =>
      inBothApostrophes(text).map((variant) => ({ text: variant, kind })),
    );
    const drawn = fc
      .record({
        sample: fc.constantFrom(...texts),
        width: fc.integer({ min: 20, max: 200 }),
        breakWords: fc.boolean(),
      })
      .map(({ sample, width, breakWords }) => ({
        kind: sample.kind,
        bytes: Buffer.from(drawErrorCell(sample.text, width, breakWords)),
      }))
      .chain(({ kind, bytes }) => anyCuts(bytes.length).map((cuts) => ({ kind, bytes, cuts })));
    fc.assert(
      fc.property(drawn, ({ kind, bytes, cuts }) => {
        expect(kindsOf(cutAt(bytes, cuts))).toEqual([kind]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the scanner', () => {
  test('the text does not depend on the chunking', () => {
    const cases = anyStream(
      '\u001b[31m',
      '\u001b]8;;http://x\u0007',
      '■ You',
      '’',
      '\u001bP1$r0m',
    ).chain((bytes) => anyCuts(bytes.length).map((cuts) => ({ bytes, cuts })));
    const texts = (cells: ErrorCell[]) => cells.map(({ text }) => normaliseForMatching(text));
    fc.assert(
      fc.property(cases, ({ bytes, cuts }) => {
        expect(texts(scan(cutAt(bytes, cuts)))).toEqual(texts(scan([bytes])));
      }),
      { numRuns: 1000 },
    );
  });

  test('a growing cell is told again, a finished one is said to be', () => {
    const told: ErrorCell[] = [];
    const scanner = createErrorCellScanner((cell) => told.push(cell));
    for (const piece of ['x■ a', 'b', '\u001b[0m', '■', 'c']) scanner.feed(Buffer.from(piece));
    expect(told).toEqual([
      { number: 1, text: ' a', complete: false },
      { number: 1, text: ' ab', complete: false },
      { number: 1, text: ' ab', complete: true },
      { number: 2, text: 'c', complete: false },
    ]);
  });

  test('nothing is reported without a mark, and nothing is kept', () => {
    const told: ErrorCell[] = [];
    const scanner = createErrorCellScanner((cell) => told.push(cell));
    for (const { text } of SAMPLES) scanner.feed(Buffer.from(`• ${text}\r\n`));
    scanner.feed(Buffer.from([0xe2, 0x96]));
    scanner.feed(Buffer.from([0xe2, 0x96, 0xa1]));
    expect(told).toEqual([]);
  });

  test('a cell ends after a bounded amount of text, and of bytes', () => {
    const told: ErrorCell[] = [];
    const scanner = createErrorCellScanner((cell) => told.push(cell));
    scanner.feed(Buffer.from(`■${'x'.repeat(5000)}`));
    scanner.feed(Buffer.from('y'));
    expect(told.map(({ text, complete }) => [text.length, complete])).toEqual([[1024, true]]);
    scanner.feed(Buffer.from('■ a'));
    for (let index = 0; index < 100; index += 1)
      scanner.feed(Buffer.from('\u001b[1;1H'.repeat(200)));
    expect(told.at(-1)).toEqual({ number: 2, text: ' a', complete: true });
    scanner.feed(Buffer.from(`■\u001b]0;${'x'.repeat(10_000)}`));
    scanner.feed(Buffer.from('\u0007later'));
    expect(told.at(-1)?.text.length).toBeLessThanOrEqual(1024);
  });
});
