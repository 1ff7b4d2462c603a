import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Verdict } from '../../scripts/run-tests/verdict.ts';

// `npm test` itself, on test files that fail as told.

const REPO = fileURLToPath(new URL('../..', import.meta.url));

/** A test that fails in its runs of these numbers, and writes down each run. */
function failIn(runs: number[]): string {
  return `
    import { appendFileSync, readFileSync } from 'node:fs';
    import { expect, test } from 'vitest';
    const runs = new URL('./runs', import.meta.url);
    test('one', () => {
      appendFileSync(runs, 'x');
      expect(${JSON.stringify(runs)}).not.toContain(readFileSync(runs, 'utf8').length);
    });
    test('two', () => {});
  `;
}

function runOn(source: string) {
  mkdirSync(join(REPO, '.cache'), { recursive: true });
  const root = mkdtempSync(join(REPO, '.cache/run-tests-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'a.test.ts'), source);
  const config = join(root, 'vitest.config.mjs');
  writeFileSync(config, 'export default { test: { include: ["*.test.ts"] } };');
  const file = join(root, 'verdict.json');
  const args = ['--import', 'tsx', 'scripts/run-tests.ts', `--root=${root}`, `--config=${config}`];
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: REPO,
    encoding: 'utf8',
    env: { ...process.env, RESULT_FILE: file },
  });
  const runs = readFileSync(join(root, 'runs'), 'utf8').length;
  const [verdict] = JSON.parse(readFileSync(file, 'utf8')) as Verdict[];
  return { status, last: stdout.trimEnd().split('\n').slice(-2), runs, verdict };
}

test('a file that fails once is run three times more, alone, and named as a flake', () => {
  const { status, last, runs, verdict } = runOn(failIn([1]));
  expect(last).toEqual([
    expect.stringMatching(/^flaky: \.cache\/run-tests-\w+\/a\.test\.ts > one: AssertionError: exp/),
    '2 passed, 0 failed',
  ]);
  expect({ status, runs }).toEqual({ status: 0, runs: 4 });
  expect(verdict).toMatchObject({ passed: 2, failed: 0, flakes: [{ test: 'one' }] });
});

test('a file that fails again fails the run, at once', () => {
  const { status, last, runs } = runOn(failIn([1, 3]));
  expect(last[1]).toBe('1 passed, 1 failed');
  expect({ status, runs }).toEqual({ status: 1, runs: 3 });
});

test('a file that passes is run once', () => {
  const { status, last, runs } = runOn(failIn([]));
  expect(last[1]).toBe('2 passed, 0 failed');
  expect({ status, runs }).toEqual({ status: 0, runs: 1 });
});
