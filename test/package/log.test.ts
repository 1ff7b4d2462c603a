import { spawn } from 'node:child_process';
import { appendFileSync, renameSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { createHome } from './sandbox.ts';

const COMMAND = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;
const EVENTS = '.local/state/codex-hotswap/events.jsonl';
const event = (message: string) =>
  `${JSON.stringify({ at: '2026-11-21T12:00:00Z', type: 'notice', message })}\n`;

/** A command that goes on; `until` resolves when its output fits, and rejects with it when the command ends. */
function start(home: ReturnType<typeof createHome>, args: string[]) {
  const child = spawn(process.execPath, [COMMAND, ...args], { env: home.env, cwd: home.home });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let output = '';
  const watchers = new Set<() => void>();
  child.stdout.on('data', (chunk) => {
    output += chunk;
    for (const watch of watchers) watch();
  });
  const until = (wanted: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const watch = () => wanted.test(output) && resolve();
      watchers.add(watch);
      watch();
      void ended.then(() => reject(new Error(`ended; printed: ${output}`)));
    });
  return { child, ended, until, output: () => output };
}

test('--json is one event a line, as it was written, what was rotated out before included', () => {
  const home = createHome();
  home.write(`${EVENTS}.1`, event('old'));
  home.write(EVENTS, `${event('one')}by hand, no event\n${event('two')}`);
  expect(home.ok(['log', '--json'])).toBe(event('old') + event('one') + event('two'));
  expect(home.ok(['log', '-n', '2'])).toMatch(/^\S.* {2}one\n\S.* {2}two\n$/);
});

test('-f goes on with what is added, over a rotation, until it is ended', async () => {
  const home = createHome();
  const file = home.write(EVENTS, event('one'));
  const log = start(home, ['log', '--follow', '--json']);
  await log.until(/one/);
  appendFileSync(file, event('two').slice(0, 20));
  appendFileSync(file, event('two').slice(20) + event('three'));
  await log.until(/three/);
  appendFileSync(file, event('four'));
  renameSync(file, `${file}.1`);
  home.write(EVENTS, event('five'));
  await log.until(/five/);
  expect(log.output()).toBe(['one', 'two', 'three', 'four', 'five'].map(event).join(''));
  log.child.kill('SIGTERM');
  await log.ended;
});

test('-f begins before anything has happened', async () => {
  const home = createHome();
  const log = start(home, ['log', '-f']);
  home.write(EVENTS, event('the first'));
  await log.until(/the first\n/);
});
