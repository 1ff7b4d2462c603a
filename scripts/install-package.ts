import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../.cache', import.meta.url));

/** A program in a package on npm. */
export interface PackagedProgram {
  /** Its name in messages, such as `codex`. */
  label: string;
  /** The name of the package. */
  name: string;
  /** A version, or a range such as `24`: the newest version in it. */
  version: string;
  /** The folder below `.cache` that holds one folder per version. */
  folder: string;
  /** The path of the program in the package. */
  program: string;
}

/**
 * Installs a package from npm into `.cache/<folder>/<version>`, once.
 * @param cache another folder than `.cache`, for tests.
 * @returns the path of its program.
 * @throws Error with one line that says what is wrong and what to do.
 */
export function installPackage(wanted: PackagedProgram, cache = CACHE): string {
  const { label, name, version, program } = wanted;
  const prefix = join(cache, wanted.folder, version);
  const inside = join('node_modules', name, program);
  if (existsSync(join(prefix, inside))) return join(prefix, inside);
  const failed = installInto(prefix, `${name}@${version}`, inside);
  if (failed === undefined) return join(prefix, inside);
  throw new Error(`${label} ${version}: ${explain(failed, name)}`);
}

/**
 * npm fills another folder. That is renamed when the program in it answers, so that the rest of an interrupted npm is never taken
 * for a program.
 * @returns what failed.
 */
function installInto(prefix: string, wanted: string, program: string): string | undefined {
  let partial: string | undefined;
  try {
    mkdirSync(dirname(prefix), { recursive: true });
    partial = mkdtempSync(`${prefix}.partial-`);
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--loglevel=warn'];
    const args = ['install', '--prefix', partial, ...quiet, wanted];
    const { status, stderr, error } = spawnSync('npm', args, { encoding: 'utf8' });
    if (status !== 0) return error?.message ?? stderr;
    // npm may exit with 0 without a whole program: on a full disk it writes empty files, and the package for this machine is
    // optional.
    const answer = spawnSync(join(partial, program), ['--version'], { encoding: 'utf8' });
    // An empty file runs as a shell script with status 0 and no output.
    const isWhole = answer.status === 0 && answer.stdout !== '';
    if (!isWhole) return `${stderr}\nnpm installed no program that answers`;
    rmSync(prefix, { recursive: true, force: true });
    renameSync(partial, prefix);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    if (partial !== undefined) rmSync(partial, { recursive: true, force: true });
  }
}

const CAUSES: [RegExp, string][] = [
  [/ENOSPC/, 'no space left on the device; free some and run this again'],
  [/ETARGET|E404/, 'npm knows no such version; see the versions with: npm view <name> versions'],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ECONNRESET|network/i,
    'npm cannot reach its registry; check the network and run this again',
  ],
  [/ENOENT.*npm|spawnSync npm/, 'npm is not on PATH'],
];

function explain(output: string, name: string): string {
  const known = CAUSES.find(([pattern]) => pattern.test(output))?.[1];
  const lines = output.split('\n').filter((line) => !/^(npm warn|\s*$)/.test(line));
  const firstLine = lines[0] ?? 'npm failed';
  return known?.replace('<name>', name) ?? firstLine.replace(/^npm error\s*/, '').slice(0, 200);
}
