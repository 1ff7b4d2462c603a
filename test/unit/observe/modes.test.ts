import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createModeTracker } from '../../../src/observe/modes.ts';
import { anyCuts, anyStream, cutAt } from './chunks.ts';

function undoAfter(...pieces: (string | Buffer)[]): string {
  const tracker = createModeTracker();
  for (const piece of pieces) tracker.feed(Buffer.from(piece as string));
  return tracker.undo().replaceAll('\u001b', '^');
}

const ESC = '\u001b';
const CSI = `${ESC}[`;

describe('createModeTracker', () => {
  test.each([
    ['nothing', '', ''],
    ['text', 'hello\r\n', ''],
    ['paste', `${CSI}?2004h`, '^[?2004l'],
    ['paste, undone', `${CSI}?2004h${CSI}?2004l`, ''],
    ['several at once', `${CSI}?1000;1006h`, '^[?1000l^[?1006l'],
    ['a hidden cursor', `${CSI}?25l`, '^[?25h'],
    ['a shown cursor', `${CSI}?25l${CSI}?25h`, ''],
    ['no autowrap', `${CSI}?7l`, '^[?7h'],
    ['what was not set', `${CSI}?1004l${CSI}<1u${CSI}>4;0m${CSI}r${CSI}0m`, ''],
    ['kitty push', `${CSI}>7u`, '^[<1u'],
    ['kitty pushes', `${CSI}>7u${CSI}>1u${CSI}<u`, '^[<1u'],
    ['kitty pops beyond', `${CSI}>7u${CSI}<9u`, ''],
    ['kitty set', `${CSI}=5;1u`, '^[=0u'],
    ['kitty query', `${CSI}?u`, ''],
    ['modifyOtherKeys', `${CSI}>4;2m`, '^[>4;0m'],
    ['scroll region', `${CSI}1;20r`, '^7^[r^8'],
    ['scroll region, reset', `${CSI}1;20r${CSI}r`, ''],
    ['colour', `${CSI}31m`, '^[0m'],
    ['colour, reset', `${CSI}31m${CSI}m`, ''],
    ['cursor style', `${CSI}5 q`, '^[0 q'],
    ['keypad', '\u001b=', '^>'],
    ['line drawing', '\u001b(0', '^(B'],
    ['link', '\u001b]8;;http://x\u001b\\', '^]8;;^\\'],
    ['link, closed', '\u001b]8;;http://x\u0007y\u001b]8;;\u0007', ''],
    ['progress', '\u001b]9;4;1;50\u0007', '^]9;4;0^\\'],
    ['full reset', `${CSI}?2004h${CSI}>7u${CSI}31m\u001bc`, ''],
    ['soft reset', `${CSI}?2004h${CSI}31m${CSI}!p`, ''],
    ['saved cursor', `${CSI}?1048h`, ''],
    ['not a mode', `\u001b]0;${CSI}?2004h`, '^[?2004l'],
    ['in a title', '\u001b]0;[?2004h\u0007', ''],
  ])('%s', (_, output, undone) => {
    expect(undoAfter(output)).toBe(undone);
    expect(undoAfter(...[...output])).toBe(undone);
  });

  test('a Codex killed in an overlay: synchronised output first, keys of a screen before it is left', () => {
    const start = `${CSI}?2004h${CSI}>7u${CSI}>4;0m${CSI}?1004h`;
    const overlay = `${CSI}?1049h${CSI}>1u${CSI}?1007h${CSI}?2026h${CSI}31m`;
    expect(undoAfter(start, overlay)).toBe(
      '^[?2026l^[<1u^[?1049l^[<1u^[?2004l^[?1004l^[?1007l^[0m',
    );
    const left = `${CSI}?2026l${CSI}0m${CSI}<1u${CSI}?1007l${CSI}?1049l`;
    expect(undoAfter(start, overlay, left)).toBe('^[<1u^[?2004l^[?1004l');
  });

  const stream = anyStream(
    `${CSI}?2004h`,
    `${CSI}?1049h`,
    `${CSI}>1u`,
    `${CSI}31m`,
    `${CSI}2;9r`,
    '\u001b]8;;x\u0007',
    '\u001bc',
    `${CSI}5 q`,
  );

  test('the state does not depend on the chunking', () => {
    const cases = stream.chain((bytes) => anyCuts(bytes.length).map((cuts) => ({ bytes, cuts })));
    fc.assert(
      fc.property(cases, ({ bytes, cuts }) => {
        expect(undoAfter(...cutAt(bytes, cuts))).toBe(undoAfter(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  // Byte by byte every sequence goes through the slow parser, and nothing is searched for.
  test('the state is the slow parser’s, in long streams dense in tracked sequences and parts of them', () => {
    const parts = [
      ...[ESC, CSI, `${ESC}]`, `${ESC}\\`, '\u0007', '\u0018', '\u001a', '\0', '\n', ' ', '[', ']'],
      ...[
        '?',
        '<',
        '=',
        '>',
        '!',
        ';',
        ':',
        '(',
        '0',
        '1;20',
        'r',
        'q',
        'm',
        'p',
        'u',
        'h',
        'l',
        'c',
      ],
      ...[
        `${CSI}?2004h`,
        `${CSI}?2004l`,
        `${CSI}?25l`,
        `${CSI}?25h`,
        `${CSI}?1049h`,
        `${CSI}?1049l`,
      ],
      ...[
        `${CSI}>7u`,
        `${CSI}<u`,
        `${CSI}=5;1u`,
        `${CSI}>4;2m`,
        `${CSI}>4;0m`,
        `${CSI}1;20r`,
        `${CSI}r`,
      ],
      ...[
        `${CSI}?5r`,
        `${CSI};r`,
        `${CSI}31m`,
        `${CSI}0m`,
        `${CSI}m`,
        `${CSI}5 q`,
        `${CSI}0 q`,
        `${CSI}!p`,
      ],
      ...[
        `${ESC}c`,
        `${ESC}=`,
        `${ESC}>`,
        `${ESC}(0`,
        `${ESC}(B`,
        `${ESC}]8;;x${ESC}\\`,
        `${ESC}]8;;\u0007`,
      ],
      ...[
        `${ESC}]9;4;1\u0007`,
        `${ESC}]9;4;0\u0007`,
        `${CSI}3;4H`,
        `${CSI}K`,
        'for the reader',
        '\u009b',
      ],
      ...[`${CSI}${'1;'.repeat(32)}m`, `${CSI}${'1;'.repeat(32)}1m`, `${CSI}${'1;'.repeat(33)}r`],
    ];
    const long = fc
      .array(fc.constantFrom(...parts), { maxLength: 200, size: 'max' })
      .map((pieces) => Buffer.from(pieces.join(''), 'latin1'));
    fc.assert(
      fc.property(long, (bytes) => {
        const [whole, slow] = [createModeTracker(), createModeTracker()];
        whole.feed(bytes);
        for (const byte of bytes) slow.feed(Buffer.from([byte]));
        expect(whole.undo()).toBe(slow.undo());
        for (const mode of [25, 2004, 1049, 2026, 5]) {
          expect(whole.isSet(mode)).toBe(slow.isSet(mode));
          expect(whole.wasSet(mode)).toBe(slow.wasSet(mode));
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('after the undoing there is nothing to undo', () => {
    fc.assert(
      fc.property(stream, (bytes) => {
        const tracker = createModeTracker();
        tracker.feed(bytes);
        // Ends whatever the random bytes left open.
        tracker.feed(Buffer.from('\u0018\u001b\\'));
        tracker.feed(Buffer.from(tracker.undo()));
        expect(tracker.undo()).toBe('');
      }),
    );
  });
});
