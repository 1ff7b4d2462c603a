import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LONGEST_LINE, ownText, toPlainJson, toPlainText } from '../../src/plain-text.ts';

/** What a terminal obeys, or what turns, hides or breaks what is written. */
const HARMFUL =
  /[\p{Cc}\p{Cs}\u061c\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/u;
const anyText = fc.string({ unit: 'binary', maxLength: 50 });

test.each([
  ['an escape sequence', '\u001b[2J\u001b]52;c;eA==\u0007', '\\x1b[2J\\x1b]52;c;eA==\\x07'],
  ['a line that looks like ours', 'repo\n  acc2  FAKE', 'repo\\n  acc2  FAKE'],
  ['other ways to a new line', 'a\rb\tc\u000bd\u0085e\u2028f', 'a\\rb\\tc\\x0bd\\x85e\\u2028f'],
  ['the controls of 8 bits', '\u009b31m\u009d0;t\u009c', '\\x9b31m\\x9d0;t\\x9c'],
  ['NUL, BS and DEL', '\u0000\b\u007f', '\\x00\\x08\\x7f'],
  ['the direction of writing', '\u202efdp.\u2066a\u061c', '\\u202efdp.\\u2066a\\u061c'],
  [
    'what nobody sees',
    'a\u200b\ufeff\u00ad\u200d\u{e0041}',
    'a\\u200b\\ufeff\\xad\\u200d\\u{e0041}',
  ],
  ['half a surrogate pair', 'a\ud83d', 'a\\ud83d'],
])('%s is shown, not obeyed', (_, text, shown) => {
  expect(toPlainText(text)).toBe(shown);
});

test.each([
  'Jürgen & Zoë <j@example.com>',
  '日本語 한국어 עברית العربية',
  'e\u0301 \u1100\u1161',
  '👩🏽‍🚀 👨‍👩‍👧‍👦 🏳️‍🌈 ❤️ 1️⃣ 🇩🇪',
  'می‌خواهم क्‍ष',
])('%s stays as it is', (text) => {
  expect(toPlainText(text)).toBe(text);
});

test('no more than eight marks are piled up on a letter', () => {
  expect(toPlainText(`a${'\u0301'.repeat(10_000)}b`, 20_000)).toBe(`a${'\u0301'.repeat(8)}b`);
});

test('a long text ends with an ellipsis, and never with half a character', () => {
  expect(toPlainText('x'.repeat(10_000))).toBe(`${'x'.repeat(LONGEST_LINE - 1)}…`);
  expect(toPlainText('abcdef', 6)).toBe('abcdef');
  expect(toPlainText('abcdefg', 6)).toBe('abcde…');
  expect(toPlainText('😀😀😀', 5)).toBe('😀😀…');
  expect(toPlainText('😀😀😀', 4)).toBe('😀…');
});

test('whatever the text, nothing harmful is left, and its length is bounded', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 60 }), (text, limit) => {
      const shown = toPlainText(text, limit);
      expect(shown).not.toMatch(HARMFUL);
      expect(shown.length).toBeLessThanOrEqual(limit);
      // What is plain already is not changed once more.
      expect(toPlainText(shown, limit)).toBe(shown);
    }),
  );
});

test('in a template our own codes stay, and what is put into it is made plain', () => {
  const field = ownText`\u001b[32m${'a\u001b[0m\n'}\u001b[39m`;
  expect(String(ownText`${field}\t${7}`)).toBe('\u001b[32ma\\x1b[0m\\n\u001b[39m\t7');
});

test('JSON tells the same values without a character that a terminal obeys', () => {
  fc.assert(
    fc.property(fc.dictionary(anyText, anyText), (value) => {
      const json = String(toPlainJson(value, 2));
      expect(json.replaceAll('\n', '')).not.toMatch(HARMFUL);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('text leaves us through these places only', () => {
  const WRITERS =
    /\b(?:stdout|stderr|terminal|output)\.write(?:Now)?\(|\bconsole\.|\bwriteSync\((?:1|2),/;
  const root = new URL('../../src/', import.meta.url);
  const found = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && WRITERS.test(readFileSync(new URL(file, root), 'utf8')),
  );
  expect(found.sort()).toEqual([
    'bin/codex-hotswap.ts', // errors, which are made plain where they are described
    'cli/context.ts',
    'cli/look/status.ts', // clears the screen
    'cli/program.ts',
    'cli/session/pick.ts', // cut to the width of the terminal, which makes it plain
    'launch/ask-person.ts',
    'launch/exec-session.ts', // an alert, which is made plain where it is made
    'launch/launch.ts',
    'launch/run-alone.ts',
    'launch/run-inherited.ts', // errors
    'session/app-server/connect-streams.ts', // the server's own lines, and ours as JSON
    'session/exec/own-stdout.ts', // Codex's own lines
    'session/tui/held-output.ts', // Codex's own bytes, and what the files below write
    'session/tui/run-tui-session.ts',
    'session/tui/session-failure.ts', // ends of modes
    'session/tui/tui-driver.ts',
  ]);
});
