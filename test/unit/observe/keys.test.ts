import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createInputClassifier } from '../../../src/observe/keys.ts';
import { anyCuts, anyStream, cutAt } from './chunks.ts';

function classify(pieces: readonly Buffer[]): { reports: string; keys: string } {
  const classifier = createInputClassifier();
  const parts = pieces.map((piece) => classifier.feed(piece));
  return {
    reports: Buffer.concat(parts.map(({ reports }) => reports)).toString('latin1'),
    keys: Buffer.concat([...parts.map(({ keys }) => keys), classifier.flush()]).toString('latin1'),
  };
}

const ESC = '\u001b';

describe('createInputClassifier', () => {
  test.each([
    ['cursor position', `${ESC}[12;40R`],
    ['device attributes', `${ESC}[?62;22c`],
    ['secondary attributes', `${ESC}[>0;276;0c`],
    ['status', `${ESC}[0n`],
    ['focus', `${ESC}[I`],
    ['blur', `${ESC}[O`],
    ['kitty flags', `${ESC}[?7u`],
    ['a mode', `${ESC}[?2026;2$y`],
    ['colour scheme', `${ESC}[?997;1n`],
    ['size', `${ESC}[8;24;80t`],
    ['foreground', `${ESC}]10;rgb:ffff/ffff/ffff${ESC}\\`],
    ['background', `${ESC}]11;rgb:0/0/0\u0007`],
    ['version', `${ESC}P>|xterm(380)${ESC}\\`],
    ['image', `${ESC}_Gi=1;OK${ESC}\\`],
    ['mouse', `${ESC}[<0;10;20M`],
    ['mouse up', `${ESC}[<0;10;20m`],
    ['old mouse', `${ESC}[M !!`],
  ])('a report: %s', (_, input) => {
    const bytes = Buffer.from(`a${input}b`);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(classify(cutAt(bytes, [cut]))).toEqual({ reports: input, keys: 'ab' });
    }
  });

  test.each([
    ['text', 'hello é🙂'],
    ['enter', '\r'],
    ['ctrl-c', '\u0003'],
    ['kitty ctrl-c', `${ESC}[99;5u`],
    ['kitty release', `${ESC}[97;1:3u`],
    ['arrow', `${ESC}[A`],
    ['application arrow', `${ESC}OA`],
    ['shift arrow', `${ESC}[1;2A`],
    ['function key', `${ESC}[15~`],
    ['F1', `${ESC}OP`],
    ['alt', `${ESC}x`],
    ['alt arrow', `${ESC}${ESC}[A`],
    ['escape', ESC],
    ['escape twice', `${ESC}${ESC}`],
    ['shift tab', `${ESC}[Z`],
    ['paste', `${ESC}[200~two\r\nlines${ESC}[201~`],
    ['paste of reports', `${ESC}[200~${ESC}[12;40R${ESC}]10;x\u0007 ■${ESC}[201~`],
    ['alt ]', `${ESC}]`],
  ])('typed: %s', (_, input) => {
    const bytes = Buffer.from(input);
    const typed = { reports: '', keys: bytes.toString('latin1') };
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(classify(cutAt(bytes, [cut]))).toEqual(typed);
    }
  });

  test('a lone ESC waits, then is the Escape key', () => {
    const classifier = createInputClassifier();
    expect(classifier.feed(Buffer.from(ESC)).keys).toHaveLength(0);
    expect(classifier.flush().toString()).toBe(ESC);
    expect(classifier.flush()).toHaveLength(0);
  });

  test('a large paste flows through', () => {
    const classifier = createInputClassifier();
    classifier.feed(Buffer.from(`${ESC}[200~`));
    const { keys } = classifier.feed(Buffer.alloc(64 * 1024, 'x'));
    expect(keys).toHaveLength(64 * 1024);
    expect(classifier.feed(Buffer.from(`${ESC}[I${ESC}[201~${ESC}[I`))).toEqual({
      keys: Buffer.from(`${ESC}[I${ESC}[201~`),
      reports: Buffer.from(`${ESC}[I`),
    });
  });

  test('no byte is lost, and the parting does not depend on the chunking', () => {
    const cases = anyStream(
      `${ESC}[200~`,
      `${ESC}[201~`,
      `${ESC}[1;1R`,
      `${ESC}[M`,
      `${ESC}]11;`,
      `${ESC}[I`,
    ).chain((bytes) => anyCuts(bytes.length).map((cuts) => ({ bytes, cuts })));
    fc.assert(
      fc.property(cases, ({ bytes, cuts }) => {
        const whole = classify([bytes]);
        expect(whole.reports.length + whole.keys.length).toBe(bytes.length);
        expect(classify(cutAt(bytes, cuts))).toEqual(whole);
      }),
      { numRuns: 1000 },
    );
  });
});
