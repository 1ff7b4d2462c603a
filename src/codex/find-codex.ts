import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, resolve } from 'node:path';
import { resolveLinks } from './paths.ts';

/** One of the first lines of our shim begins with this. */
const SHIM_MARKER = '# codex-hotswap shim:';

export type FoundCodex =
  | { kind: 'found'; path: string }
  /** PATH has no file called codex: exit status 127. */
  | { kind: 'not-found' }
  /** PATH has such files, but none may be executed: exit status 126. */
  | { kind: 'not-executable'; path: string };

/**
 * The first `codex` on PATH that is neither a shim of ours nor one of `skip` (paths, compared with their links
 * resolved). An empty PATH entry is the working directory, as in a shell.
 */
export function findRealCodex(
  env: NodeJS.ProcessEnv,
  { skip = [] }: { skip?: readonly string[] } = {},
): FoundCodex {
  const skipped = new Set(skip.map(resolveLinks));
  let refused: string | undefined;
  for (const path of listCodexOnPath(env)) {
    if (skipped.has(resolveLinks(path)) || isOurShim(path)) continue;
    // Absolute: the working directory may change before the start.
    if (isExecutable(path)) return { kind: 'found', path: isAbsolute(path) ? path : resolve(path) };
    refused ??= path;
  }
  return refused === undefined ? { kind: 'not-found' } : { kind: 'not-executable', path: refused };
}

/** Every regular file called `codex` on PATH, in the order of PATH: our shims and files without the x bit, too. */
export function listCodexOnPath(env: NodeJS.ProcessEnv): string[] {
  if (!env.PATH) return [];
  // One file has one path, also where PATH names its directory with a slash at the end.
  const paths = env.PATH.split(delimiter).map(
    (dir) => `${dir === '' ? '.' : dir.replace(/\/+$/, '')}/codex`,
  );
  return [...new Set(paths)].filter(isFile);
}

/** Whether the first 512 bytes of the file have the line of our shim. */
export function isOurShim(path: string): boolean {
  try {
    const head = Buffer.alloc(512);
    const file = openSync(path, 'r');
    try {
      const length = readSync(file, head, 0, head.length, 0);
      return head.toString('latin1', 0, length).includes(`\n${SHIM_MARKER}`);
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // missing, or a link that leads to itself
  }
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
