/**
 * Runs the real-Codex tests on several Codex versions:
 *   npm run test:matrix -- 0.150.0 0.169.0 [arguments for vitest, default: test/e2e]
 * Each version is installed from npm into .cache/codex/<version> once.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPO = fileURLToPath(new URL('..', import.meta.url));
const VERSION = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

const versions = process.argv.slice(2).filter((word) => VERSION.test(word));
const rest = process.argv.slice(2).filter((word) => !VERSION.test(word));
if (versions.length === 0) {
  console.error('usage: npm run test:matrix -- <version>… [arguments for vitest]');
  process.exit(2);
}

const failed = versions.filter((version) => !testVersion(version));
for (const version of versions) {
  console.log(`codex ${version}: ${failed.includes(version) ? 'FAILED' : 'passed'}`);
}
process.exit(failed.length === 0 ? 0 : 1);

function testVersion(version: string): boolean {
  const launcher = installCodex(version);
  if (launcher === undefined) return false;
  console.log(`\n=== codex ${version} ===`);
  const vitest = join(REPO, 'node_modules', 'vitest', 'vitest.mjs');
  const tests = rest.length > 0 ? rest : ['test/e2e'];
  return run(process.execPath, [vitest, 'run', ...tests], { CODEX_UNDER_TEST: launcher });
}

/** The path of the version's npm launcher; undefined when npm could not install it. */
function installCodex(version: string): string | undefined {
  const prefix = join(REPO, '.cache', 'codex', version);
  const launcher = join(prefix, 'node_modules', '@openai', 'codex', 'bin', 'codex.js');
  if (existsSync(launcher)) return launcher;
  mkdirSync(prefix, { recursive: true });
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
  const done = run('npm', ['install', '--prefix', prefix, ...quiet, `@openai/codex@${version}`]);
  return done ? launcher : undefined;
}

function run(command: string, args: string[], env: Record<string, string> = {}): boolean {
  const options = { cwd: REPO, stdio: 'inherit', env: { ...process.env, ...env } } as const;
  return spawnSync(command, args, options).status === 0;
}
