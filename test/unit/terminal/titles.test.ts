import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTitleWriter } from '../../../src/terminal/titles.ts';
import { anyCuts, anyStream, cutAt } from '../observe/chunks.ts';

const SUFFIX = ' · acc1';

function write(pieces: readonly Buffer[]): { bytes: Buffer; titles: string[] } {
  const titles: string[] = [];
  const writer = createTitleWriter({ suffix: () => SUFFIX, seen: (title) => titles.push(title) });
  return { bytes: Buffer.concat(pieces.map((piece) => writer.addSuffix(piece))), titles };
}

/** The same by a search in the whole stream. */
function writeAtOnce(bytes: Buffer): Buffer {
  const TITLES = /(?<!\u001b)(\u001b\][02];)([^\0-\u001f\u007f]{1,2000})(?=[\u0007\u001b])/g;
  const written = bytes.toString('latin1').replace(TITLES, (whole, _start, payload: string) => {
    const text = Buffer.from(payload, 'latin1').toString();
    const isText = Buffer.from(text).equals(Buffer.from(payload, 'latin1'));
    return isText && !/[\u0080-\u009f]/.test(text)
      ? whole + Buffer.from(SUFFIX).toString('latin1')
      : whole;
  });
  return Buffer.from(written, 'latin1');
}

describe('a title in a program’s output', () => {
  test.each([
    ['by BEL', '\u001b]0;one\u0007', '\u001b]0;one · acc1\u0007'],
    ['by ST', '\u001b]2;one\u001b\\x', '\u001b]2;one · acc1\u001b\\x'],
    [
      'two in a row',
      '\u001b]0;a\u0007\u001b]0;b\u0007',
      '\u001b]0;a · acc1\u0007\u001b]0;b · acc1\u0007',
    ],
    ['a letter with the byte of an 8-bit ST', '\u001b]0;“日”\u0007', '\u001b]0;“日” · acc1\u0007'],
    ['behind another sequence', '\u001b[1m\u001b]0;é\u0007', '\u001b[1m\u001b]0;é · acc1\u0007'],
    [
      'cut short by another',
      '\u001b]0;a\u001b]0;b\u0007',
      '\u001b]0;a · acc1\u001b]0;b · acc1\u0007',
    ],
    [
      'as long as may be',
      `\u001b]0;${'x'.repeat(2000)}\u0007`,
      `\u001b]0;${'x'.repeat(2000)} · acc1\u0007`,
    ],
  ])('has the suffix behind it: %s', (_, text, wanted) => {
    const bytes = Buffer.from(text);
    expect(writeAtOnce(bytes).toString()).toBe(wanted);
    for (let cut = 0; cut <= Math.min(bytes.length, 60); cut += 1) {
      expect(write(cutAt(bytes, [cut])).bytes.toString()).toBe(wanted);
    }
  });

  test.each([
    ['an empty title', '\u001b]0;\u0007'],
    ['a title without an end', '\u001b]0;one'],
    ['a title that is too long', `\u001b]0;${'x'.repeat(2001)}\u0007`],
    ['a title that is cancelled', '\u001b]0;one\u0018two\u0007'],
    ['a title with a line break', '\u001b]0;one\ntwo\u0007'],
    ['a title that xterm ends at U+009C', '\u001b]0;one\u009ctwo\u0007'],
    ['a title in a tmux passthrough', '\u001bPtmux;\u001b\u001b]0;one\u0007\u001b\\'],
    ['… that ends with ST', '\u001bPtmux;\u001b\u001b]0;one\u001b\u001b\\\u001b\\'],
    ['an icon’s name', '\u001b]1;one\u0007'],
    ['another OSC', '\u001b]10;?\u0007\u001b]8;;http://x]0;y\u0007\u001b]9;one\u0007'],
    ['text', 'a[0]0;b]2;c\u0007'],
  ])('%s stays as it is', (_, text) => {
    const bytes = Buffer.from(text);
    for (let cut = 0; cut <= Math.min(bytes.length, 60); cut += 1) {
      expect(write(cutAt(bytes, [cut])).bytes.toString()).toBe(text);
    }
  });

  test('that is no UTF-8 stays as it is', () => {
    const bytes = Buffer.from('\u001b]0;one\u009c\u0007', 'latin1');
    expect(write([bytes]).bytes).toEqual(bytes);
  });

  test('is told, and so is one that clears it', () => {
    const { titles } = write([Buffer.from('\u001b]0;“one”\u0007x\u001b]2;\u001b\\\u001b]0;two')]);
    expect(titles).toEqual(['“one”', '']);
  });

  test('a chunk without one is passed on and not copied', () => {
    const writer = createTitleWriter({ suffix: () => SUFFIX, seen: () => {} });
    const chunk = Buffer.from('a\u001b[0m]0;text');
    expect(writer.addSuffix(chunk)).toBe(chunk);
  });

  test('only the suffix is new, wherever any bytes are cut', () => {
    const cases = anyStream(
      '\u001b]0;',
      '\u001b]2;',
      ']0;',
      'title',
      '\u001b\u001b]0;',
      '\u009c',
    ).chain((bytes) => anyCuts(bytes.length).map((cuts) => ({ bytes, cuts })));
    fc.assert(
      fc.property(cases, ({ bytes, cuts }) => {
        const wanted = writeAtOnce(bytes).toString('latin1');
        expect(write(cutAt(bytes, cuts)).bytes.toString('latin1')).toBe(wanted);
      }),
      { numRuns: 2000 },
    );
  });
});
