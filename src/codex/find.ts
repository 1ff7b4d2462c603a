import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { delimiter, isAbsolute, resolve } from 'node:path';

export { type NativeCodex, resolveNative } from './npm-launcher.ts';

/** The start of the line by which a file says that it is our shim. It stands in its first lines. */
const SHIM_MARKER = '# codex-hotswap shim:';

export type FoundCodex =
  | { kind: 'found'; path: string }
  /** Nothing called codex on PATH: exit status 127. */
  | { kind: 'not-found' }
  /** Only files that may not be executed: exit status 126. */
  | { kind: 'not-executable'; path: string };

/**
 * The first `codex` on PATH that is not a shim of ours and not one of `skip` (paths, compared after
 * resolving links). An empty PATH entry is the working directory, as for the shell.
 */
export function findRealCodex(
  env: NodeJS.ProcessEnv,
  { skip = [] }: { skip?: readonly string[] } = {},
): FoundCodex {
  const skipped = new Set(skip.map(resolveLinks));
  let refused: string | undefined;
  for (const path of listCodexOnPath(env)) {
    if (skipped.has(resolveLinks(path)) || isOurShim(path)) continue;
    // What is started later may be started in another directory.
    if (isExecutable(path)) return { kind: 'found', path: isAbsolute(path) ? path : resolve(path) };
    refused ??= path;
  }
  return refused === undefined ? { kind: 'not-found' } : { kind: 'not-executable', path: refused };
}

/** Every regular file called `codex` on PATH, in PATH order, ours and unexecutable ones included. */
export function listCodexOnPath(env: NodeJS.ProcessEnv): string[] {
  if (!env.PATH) return [];
  const paths = env.PATH.split(delimiter).map((dir) => `${dir || '.'}/codex`);
  return [...new Set(paths)].filter(isFile);
}

/** True for a small file with our ownership line near its top. */
export function isOurShim(path: string): boolean {
  try {
    // The real codex may be a native binary of hundreds of megabytes: look at the head only.
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
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
