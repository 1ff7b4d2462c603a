import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPreludeReader } from '../../../src/observe/prelude.ts';
import { anyCuts, anyStream, cutAt } from './chunks.ts';

function read(pieces: readonly Buffer[]) {
  const reader = createPreludeReader();
  const said = { questions: '', settings: '', end: 'none' };
  for (const piece of pieces) {
    // What follows the end is no prelude. It passes.
    if (said.end !== 'none') {
      said.settings += piece.toString('latin1');
      continue;
    }
    const { questions, settings, end } = reader.feed(piece);
    said.questions += questions.toString('latin1');
    said.settings += settings.toString('latin1');
    said.end = end ?? 'none';
  }
  return { ...said, rest: said.end === 'none' ? reader.rest().toString('latin1') : '' };
}

const SETTINGS = '\u001b[?2004h\u001b[>4;0m\u001b[>7u\u001b[?1004h';
const QUESTIONS = '\u001b[?u\u001b[?1007$p\u001b[c\u001b[6n\u001b]10;?\u001b\\\u001b]11;?\u0007';
const FRAME = '\u001b[?2026h\u001b[?25l';

describe('createPreludeReader', () => {
  test.each([
    [
      'Codex 0.171',
      `${SETTINGS}${QUESTIONS}${FRAME}\u001b[?1049h\u001b[Jx`,
      QUESTIONS,
      `${SETTINGS}${FRAME}\u001b[?1049h\u001b[Jx`,
      'enters',
    ],
    [
      'Codex 0.150, which draws where it is',
      `${SETTINGS}${QUESTIONS}\u001b[?2026h\u001b[1;23r\u001b[10S`,
      QUESTIONS,
      `${SETTINGS}\u001b[?2026h\u001b[1;23r\u001b[10S`,
      'draws',
    ],
    ['text', 'error: no\r\n', '', 'error: no\r\n', 'draws'],
    ['an echoed key', '\u001b[?2004h^C', '', '\u001b[?2004h^C', 'draws'],
    ['two modes in one', '\u001b[?25;1049h', '', '\u001b[?25;1049h', 'enters'],
    ['another screen', '\u001b[?1047h', '', '\u001b[?1047h', 'enters'],
    [
      'a question through tmux',
      '\u001bP+q544e\u001b\\\u001b_Gi=31,a=q;AAAA\u001b\\',
      '\u001bP+q544e\u001b\\\u001b_Gi=31,a=q;AAAA\u001b\\',
      '',
      'none',
    ],
    [
      'a title, a link, a colour that is set',
      '\u001b]0;x\u0007\u001b]10;#fff\u0007\u001b(B',
      '',
      '\u001b]0;x\u0007\u001b]10;#fff\u0007\u001b(B',
      'none',
    ],
    ['the end of a screen', '\u001b[?1049l', '', '\u001b[?1049l', 'none'],
    ['nothing', '', '', '', 'none'],
  ])('%s', (_, text, questions, settings, end) => {
    const bytes = Buffer.from(text);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(read(cutAt(bytes, [cut]))).toEqual({ questions, settings, end, rest: '' });
    }
  });

  test('a sequence that does not end draws after 4096 bytes', () => {
    const text = `\u001b]10;${'x'.repeat(4095)}`;
    expect(read([Buffer.from(text)])).toMatchObject({ settings: text, end: 'draws' });
    expect(read([Buffer.from(text.slice(0, 4000))])).toMatchObject({ end: 'none' });
  });

  test('no byte is lost, and the order of each kind is kept, wherever it is cut', () => {
    const cases = anyStream(SETTINGS, QUESTIONS, FRAME, '\u001b[?1049h').chain((bytes) =>
      anyCuts(bytes.length).map((cuts) => ({ bytes, cuts })),
    );
    fc.assert(
      fc.property(cases, ({ bytes, cuts }) => {
        const whole = read([bytes]);
        expect(read(cutAt(bytes, cuts))).toEqual(whole);
        const { questions, settings, rest } = whole;
        const sorted = (text: string) => [...text].sort().join('');
        expect(sorted(questions + settings + rest)).toBe(sorted(bytes.toString('latin1')));
      }),
      { numRuns: 1000 },
    );
  });
});
