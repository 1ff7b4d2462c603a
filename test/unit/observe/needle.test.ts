import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCarry, createNeedle } from '../../../src/observe/needle.ts';
import { anyCuts, cutAt } from './chunks.ts';

const TEXTS = ['■', '\u001b]7501;', '\u001b[?2026l', 'aab', 'aaa'];
const NEEDLES = TEXTS.flatMap((text) =>
  Array.from({ length: Buffer.byteLength(text) }, (_, rare) => ({ text, rare })),
);

/** Streams of needles, of their beginnings and of their ends. */
function anyStreamOf(text: string): fc.Arbitrary<Buffer> {
  const whole = Buffer.from(text);
  const part = fc
    .tuple(fc.nat(whole.length), fc.nat(whole.length))
    .map(([from, to]) => whole.subarray(from, to));
  const other = fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes));
  return fc.array(fc.oneof(part, fc.constant(whole), other)).map((parts) => Buffer.concat(parts));
}

describe.each(NEEDLES)('the needle $text, searched by its byte $rare', ({ text, rare }) => {
  const needle = createNeedle(text, rare);
  const whole = Buffer.from(text);

  test('stands where Buffer.indexOf finds it', () => {
    fc.assert(
      fc.property(anyStreamOf(text), fc.nat(40), (bytes, from) => {
        expect(needle.indexOf(bytes, from)).toBe(bytes.indexOf(whole, from));
      }),
    );
  });

  test('is cut in where the longest beginning of it ends the bytes', () => {
    fc.assert(
      fc.property(anyStreamOf(text), fc.nat(40), (bytes, from) => {
        const ends = Array.from({ length: whole.length - 1 }, (_, less) => less + 1)
          .map((length) => bytes.length - length)
          .filter((at) => at >= from && whole.indexOf(bytes.subarray(at)) === 0);
        expect(needle.cutIn(bytes, from)).toBe(Math.min(bytes.length, ...ends));
      }),
    );
  });

  test('is found once, with the bytes between, at every cut', () => {
    const cases = anyStreamOf(text).chain((bytes) =>
      anyCuts(bytes.length).map((cuts) => ({ bytes, cuts })),
    );
    fc.assert(
      fc.property(cases, ({ bytes, cuts }) => {
        const inOne = split(needle, [bytes]);
        expect(split(needle, cutAt(bytes, cuts))).toEqual(inOne);
        expect(inOne.join(text)).toBe(bytes.toString('latin1').replaceAll(latin1(whole), text));
      }),
    );
  });
});

test('a carry keeps a copy, and the chunk itself when it has nothing', () => {
  const carry = createCarry();
  const chunk = Buffer.from('abc');
  expect(carry.join(chunk)).toBe(chunk);
  carry.keep(chunk, 1);
  chunk.fill('x');
  expect(carry.join(Buffer.from('d')).toString()).toBe('bcd');
  carry.keep(chunk, 3);
  expect(carry.join(chunk)).toBe(chunk);
});

/** The bytes between the needles, with the carry that the observers use. */
function split(needle: ReturnType<typeof createNeedle>, pieces: readonly Buffer[]): string[] {
  const carry = createCarry();
  const between = [''];
  const add = (bytes: Buffer) => between.push((between.pop() ?? '') + latin1(bytes));
  for (const piece of pieces) {
    const bytes = carry.join(piece);
    let from = 0;
    for (let at = needle.indexOf(bytes, 0); at !== -1; at = needle.indexOf(bytes, from)) {
      add(bytes.subarray(from, at));
      between.push('');
      from = at + needle.length;
    }
    const cut = needle.cutIn(bytes, from);
    add(bytes.subarray(from, cut));
    carry.keep(bytes, cut);
  }
  add(carry.join(Buffer.alloc(0)));
  return between;
}

function latin1(bytes: Buffer): string {
  return bytes.toString('latin1');
}
