import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { appendEvent } from '../../../src/state/events.ts';
import { makeScratchHome, withUmask } from './scratch-home.ts';

const event = { at: '2026-11-21T00:00:00Z', type: 'notice', message: 'hello' } as const;

test('one line each, in a file and directories of our own', () => {
  const paths = makeScratchHome();
  withUmask(0, () => {
    appendEvent(paths, event);
    appendEvent(paths, { ...event, message: 'a\nb' });
  });
  const lines = readFileSync(paths.eventsFile, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).message)).toEqual(['hello', 'a\nb']);
  expect(statSync(paths.eventsFile).mode & 0o777).toBe(0o600);
  expect(statSync(paths.stateDir).mode & 0o777).toBe(0o700);
});

test('a log that cannot be written disturbs nobody', () => {
  const paths = makeScratchHome();
  mkdirSync(paths.eventsFile, { recursive: true });
  expect(() => appendEvent(paths, event)).not.toThrow();
  rmSync(paths.stateDir, { recursive: true });
  writeFileSync(paths.stateDir, '');
  expect(() => appendEvent(paths, event)).not.toThrow();
});

test('a long log is turned over once, and goes on', () => {
  const paths = makeScratchHome();
  appendEvent(paths, event);
  writeFileSync(paths.eventsFile, 'x'.repeat(4 * 1024 * 1024 + 1));
  appendEvent(paths, event);
  appendEvent(paths, event);
  expect(readFileSync(paths.eventsFile, 'utf8')).toBe(`${JSON.stringify(event)}\n`);
  expect(statSync(`${paths.eventsFile}.1`).size).toBeGreaterThan(4 * 1024 * 1024);
});

test('what could not be written is written with the next event', () => {
  const paths = makeScratchHome();
  mkdirSync(paths.eventsFile, { recursive: true });
  for (let count = 0; count < 250; count += 1)
    appendEvent(paths, { ...event, message: `${count}` });
  rmSync(paths.eventsFile, { recursive: true });
  appendEvent(paths, { ...event, message: 'last' });
  appendEvent(paths, { ...event, message: 'after' });
  const lines = readFileSync(paths.eventsFile, 'utf8').trimEnd().split('\n');
  const messages = lines.map((line) => JSON.parse(line).message);
  expect(messages).toEqual([
    ...Array.from({ length: 200 }, (_, index) => String(index + 50)),
    'last',
    'after',
  ]);
});
