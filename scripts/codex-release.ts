import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RELEASES = fileURLToPath(new URL('../.cache/codex', import.meta.url));
const VERSION = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

/** Whether a word is the version of a release, such as `0.171.0`. */
export function isVersion(word: string): boolean {
  return VERSION.test(word);
}

/**
 * Installs a release of `@openai/codex` from npm into `.cache/codex/<version>`, once.
 * @returns the path of its npm launcher.
 * @throws Error with one line that says what is wrong and what to do.
 */
export function installRelease(version: string): string {
  const prefix = join(RELEASES, version);
  const launcher = join(prefix, 'node_modules', '@openai', 'codex', 'bin', 'codex.js');
  if (existsSync(launcher)) return launcher;
  const failed = installInto(prefix, version);
  if (failed === undefined && existsSync(launcher)) return launcher;
  // A half-installed release would be taken for a whole one next time.
  rmSync(prefix, { recursive: true, force: true });
  throw new Error(`codex ${version}: ${explain(failed ?? 'npm installed no launcher')}`);
}

/** @returns what npm printed when it failed. */
function installInto(prefix: string, version: string): string | undefined {
  try {
    mkdirSync(prefix, { recursive: true });
  } catch (error) {
    return (error as Error).message;
  }
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
  const args = ['install', '--prefix', prefix, ...quiet, `@openai/codex@${version}`];
  const { status, stderr, error } = spawnSync('npm', args, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr);
}

const CAUSES: [RegExp, string][] = [
  [/ENOSPC/, 'no space left on the device; free some and run this again'],
  [
    /ETARGET|E404/,
    'npm knows no such version; see the versions with: npm view @openai/codex versions',
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ECONNRESET|network/i,
    'npm cannot reach its registry; check the network and run this again',
  ],
  [/ENOENT.*npm|spawnSync npm/, 'npm is not on PATH'],
];

function explain(output: string): string {
  const known = CAUSES.find(([pattern]) => pattern.test(output))?.[1];
  const firstLine = output.split('\n').find((line) => line.trim() !== '') ?? 'npm failed';
  return known ?? firstLine.replace(/^npm error\s*/, '').slice(0, 200);
}
