/**
 * Runs tests on several versions of Node, the children of the tests included:
 *   npm run test:nodes -- 22 24 26 [file filters, default: see DEFAULT_TESTS] [options for vitest]
 * Each version is installed from npm into .cache/node/<version> once.
 */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNode, isNodeVersion } from './node-release.ts';

const REPO = fileURLToPath(new URL('..', import.meta.url));
const DEFAULT_TESTS = ['test/unit', 'test/package', 'test/pty', 'test/e2e/spine'];

const words = process.argv.slice(2);
// Only the first words: the `1` of `--bail 1` is no version.
const count = words.findIndex((word) => !isNodeVersion(word));
const versions = count < 0 ? words : words.slice(0, count);
const rest = words.slice(versions.length);
if (versions.length === 0) {
  console.error('usage: npm run test:nodes -- <version>… [file filters] [options for vitest]');
  process.exit(2);
}

const results = versions.map((version) => testNode(version));
for (const { node, passed } of results)
  console.log(`node ${node}: ${passed ? 'passed' : 'FAILED'}`);
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;

/** @returns the full version of the Node that ran; the one asked for where there is none. */
function testNode(version: string): { node: string; passed: boolean } {
  let program: string;
  try {
    program = installNode(version);
  } catch (error) {
    console.error((error as Error).message);
    return { node: version, passed: false };
  }
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const node = stdout.trim().replace(/^v/, '');
  console.log(`\n=== node ${node} ===`);
  return { node, passed: runVitest(program) };
}

function runVitest(program: string): boolean {
  const hasFilters = rest[0]?.startsWith('-') === false;
  const tests = hasFilters ? rest : [...DEFAULT_TESTS, ...rest];
  // A child started by name, such as `#!/usr/bin/env node`, is to be the same Node.
  const env = { ...process.env, PATH: `${dirname(program)}:${process.env.PATH}` };
  const command = ['node_modules/vitest/vitest.mjs', 'run', ...tests];
  return spawnSync(program, command, { cwd: REPO, stdio: 'inherit', env }).status === 0;
}
