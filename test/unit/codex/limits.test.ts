import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMIT_TEXTS } from '../../../src/codex/limit-texts.ts';
import {
  classifyLimitText,
  isExhaustion,
  normaliseForMatching,
  parseLimitName,
  parseResetTime,
} from '../../../src/codex/limits.ts';
import { inBothApostrophes, SAMPLES } from './limit-samples.ts';

describe('classifyLimitText', () => {
  test.each(SAMPLES)('$kind: $text', ({ text, kind }) => {
    for (const variant of inBothApostrophes(text)) {
      expect(classifyLimitText(variant)?.kind).toBe(kind);
      expect(classifyLimitText(variant.replaceAll(' ', '\r\n  │ '))?.kind).toBe(kind);
      expect(classifyLimitText(normaliseForMatching(variant))?.kind).toBe(kind);
    }
  });

  test('every text of the catalogue has a sample', () => {
    const seen = new Set(SAMPLES.map(({ text }) => classifyLimitText(text)?.id));
    const offered = LIMIT_TEXTS.filter(({ kind }) => kind !== 'reserve').map(({ id }) => id);
    expect(offered.filter((id) => !seen.has(id))).toEqual([]);
  });

  test('what follows an error does not change what it was', () => {
    expect(
      classifyLimitText("Selected model is at capacity. › You've hit your usage limit. Try again")
        ?.kind,
    ).toBe('not-a-limit');
  });

  test.each(['', 'hello', 'usage limit', 'The limit of your patience', 'x'.repeat(100_000)])(
    'nothing: %s',
    (text) => {
      expect(classifyLimitText(text)).toBeUndefined();
    },
  );

  test('which kinds mean that the account is exhausted', () => {
    expect((['needs-login', 'not-a-limit', 'info'] as const).map(isExhaustion)).toEqual([
      ...[false, false, false],
    ]);
    expect((['unknown', 'spend-cap', 'api-quota'] as const).every(isExhaustion)).toBe(true);
  });

  test('normalising twice changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const once = normaliseForMatching(text);
        expect(normaliseForMatching(once)).toBe(once);
      }),
    );
  });
});

describe('parseLimitName', () => {
  test.each([
    [
      "You've hit your usage limit for GPT-5.3-Codex-Spark. Switch to another model now, or try",
      'GPT-5.3-Codex-Spark',
    ],
    ['You’ve hit your usage limit for Some\n Model. Switch to another model now, or', 'Some Model'],
    ["You've hit your usage limit. Switch to another", undefined],
  ])('%s', (text, name) => {
    expect(parseLimitName(text)).toBe(name);
  });
});

describe('parseResetTime', () => {
  const now = new Date(2026, 8, 18, 12, 0, 30);
  const at = (...parts: [number, number, number, number, number]) =>
    Math.floor(new Date(...parts).getTime() / 1000);

  test.each([
    ['or try again at 3:40 PM.', at(2026, 8, 18, 15, 40)],
    ['Try again at 3:40 PM.', at(2026, 8, 18, 15, 40)],
    ['Try again at 12:00 AM.', at(2026, 8, 19, 0, 0)],
    ['Try again at 12:30 PM.', at(2026, 8, 18, 12, 30)],
    ['Try again at 9:05 AM.', at(2026, 8, 19, 9, 5)],
    ['Try again at 12:00 PM.', at(2026, 8, 18, 12, 0)],
    ['try again at Sep 19th, 2026 2:20 PM.', at(2026, 8, 19, 14, 20)],
    ['try again at Sep 1st, 2026 2:20 AM.', at(2026, 8, 1, 2, 20)],
    ['try again at Sep 19, 2026, 2:20 PM.', at(2026, 8, 19, 14, 20)],
    ['try again at Dec 22nd, 2026 12:05 PM.', at(2026, 11, 22, 12, 5)],
    ['try again at Jan 3rd, 2027 11:59 PM.', at(2027, 0, 3, 23, 59)],
    ['TRYAGAINATSEP19TH,202612:20PM.', at(2026, 8, 19, 12, 20)],
    ['try again\nat Sep 19\nth, 2026 2:2\n0 PM.', at(2026, 8, 19, 14, 20)],
    ['try again at 3:40\u202fPM', at(2026, 8, 18, 15, 40)],
    ['try again later.', undefined],
    ['try again at noon', undefined],
    ['try again at 13:40 PM', undefined],
    ['at 3:40 PM', undefined],
  ])('%s', (text, expected) => {
    expect(parseResetTime(text, now)).toBe(expected);
  });

  test('reads back what Codex writes, in any local time', () => {
    const date = fc.date({
      min: new Date(2026, 0, 1),
      max: new Date(2030, 0, 1),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(date, (when) => {
        // An hour that a change of the clocks doubles or drops has two times or none.
        const minute = new Date(when).setSeconds(0, 0);
        const [month, day, year] = [
          when.toLocaleString('en-US', { month: 'short' }),
          when.getDate(),
          when.getFullYear(),
        ];
        const clock = when.toLocaleString('en-US', {
          hour: 'numeric',
          minute: '2-digit',
          hour12: true,
        });
        const read = parseResetTime(`try again at ${month} ${day}th, ${year} ${clock}.`, now);
        expect(Math.abs((read as number) * 1000 - minute) % 3_600_000).toBe(0);
      }),
    );
  });
});
