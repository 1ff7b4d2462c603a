import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTurnStateScanner, type TurnState } from '../../../src/observe/osc-state.ts';
import { anyCuts, anyStream, cutAt } from './chunks.ts';

function scan(pieces: readonly Buffer[]): TurnState[] {
  const states: TurnState[] = [];
  const scanner = createTurnStateScanner((state) => states.push(state));
  for (const piece of pieces) scanner.feed(piece);
  return states;
}

describe('createTurnStateScanner', () => {
  test.each([
    ['\u001b]7501;state=working:app=codex\u001b\\', ['working']],
    ['\u001b]7501;state=error\u0007', ['error']],
    ['\u001b]7501;state=idle:app=codex\u001b\\', ['idle']],
    ['\u001b]7501;state=error:app=codex\u0007x\u001b]7501;state=clear\u001b\\', ['error', 'clear']],
    // As tmux passes it through.
    ['\u001bPtmux;\u001b\u001b]7501;state=error:app=codex\u001b\u001b\\\u001b\\', ['error']],
    ['\u001b]7501;state=erroneous\u0007', []],
    ['\u001b]7501;app=codex\u0007', []],
    ['\u001b]750;state=error\u0007', []],
    ['7501;state=error', []],
    [`\u001b]7501;${'x'.repeat(300)}\u001b]7501;state=error\u0007`, ['error']],
    ['\u001b]7501;\u001b]7501;state=error\u0007', ['error']],
  ])('%j', (text, states) => {
    const bytes = Buffer.from(text);
    expect(scan([bytes])).toEqual(states);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(scan(cutAt(bytes, [cut]))).toEqual(states);
    }
  });

  test('what it reports does not depend on the chunking', () => {
    const cases = anyStream(
      '\u001b]7501;state=',
      'error',
      'working:app=codex',
      'clear',
      '\u001b]7501;',
    ).chain((bytes) => anyCuts(bytes.length).map((cuts) => ({ bytes, cuts })));
    fc.assert(
      fc.property(cases, ({ bytes, cuts }) => {
        expect(scan(cutAt(bytes, cuts))).toEqual(scan([bytes]));
      }),
      { numRuns: 1000 },
    );
  });
});
