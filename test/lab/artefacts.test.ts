import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { keepForFailure, writeArtefacts } from './artefacts.ts';

// What is kept of a failed test.

beforeAll(() => void keepForFailure('backend.txt', () => 'of the file'));

function writeNow(): Record<string, string> {
  const directory = writeArtefacts('a/file.test.ts', 'says: “this”') as string;
  onTestFinished(() => rmSync(directory, { recursive: true }));
  expect(directory).toMatch(/a-file\.test\.ts-says-this-/);
  const names = readdirSync(directory);
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
}

test('the text of then; frozen, that of before; and why one could not be read', () => {
  let text = 'early';
  keepForFailure('screen.txt', () => text);
  const freeze = keepForFailure('events.jsonl', () => text);
  keepForFailure('gone.txt', () => {
    throw new Error('no such file');
  });
  freeze();
  text = 'late';
  expect(writeNow()).toEqual({
    '0-backend.txt': 'of the file',
    '1-screen.txt': 'late',
    '2-events.jsonl': 'early',
    '3-gone.txt': 'gone.txt could not be read: no such file\n',
  });
});

test('the next test has only its own, and those of the file', () => {
  keepForFailure('screen.txt', () => 'mine');
  expect(writeNow()).toEqual({ '0-backend.txt': 'of the file', '1-screen.txt': 'mine' });
});
