import { closeSync, fstatSync, readFileSync, type Stats, statSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { Script } from 'node:vm';
import { openRegularFile } from '../regular-file.ts';

/**
 * A session has drawn its first frame by then, and V8 has compiled what a start runs. A second after the start
 * launch/small-heap.ts changes flags of V8, and no later start would have the same ones.
 */
const SETTLED_MS = 700;

/**
 * Loads a CommonJS program of dist/ with the code that V8 compiled of it in an earlier session. Without that code V8 parses
 * the program and compiles each function at its first call: 25 of the 100 ms that a start takes on Node 20. Where there is
 * no code, or it is another Node's or another build's, the program is compiled as ever, and its code is kept for the next
 * start.
 *
 * Our own and not `module.enableCompileCache`: Node 20 has none, and its file is written at an exit that a session ended by
 * a signal never has. Its default place is in the temporary directory, which other users can write in.
 *
 * @param file absolute, and made by `asScript` of scripts/build.mjs. It has our own `require`: it lies as deep in dist/ as
 * we do.
 * @param cache the file of the code. It is read and written in a directory of our own only, which is not made here. A
 * relative path is never used: without a HOME it leads into the project that codex is typed in.
 * @returns the program's exports.
 */
export function loadWithCodeCache(file: string, cache: string): unknown {
  const source = readFileSync(file, 'latin1');
  // V8 looks at its version and flags and at the length of the source, at nothing else: it takes the code of another
  // source, or the half of a file (pty fact 23). So the end of the file says what the code is of.
  const seal = `${process.version} ${process.arch} ${source.slice(-MARK_LENGTH)}`;
  const cachedData = readCode(cache, seal);
  const options = cachedData === undefined ? {} : { cachedData };
  const script = new Script(source, { filename: file, ...options });
  const program = { exports: {} };
  script.runInThisContext()(program.exports, require, program, file, dirname(file));
  if (cachedData === undefined || script.cachedDataRejected) {
    setTimeout(() => void keepCode(cache, script, seal), SETTLED_MS).unref();
  }
  return program.exports;
}

const MARK_LENGTH = 32;

/** Undefined where no code can be trusted: V8 runs it, so another user must not be able to write the file or replace it. */
function readCode(cache: string, seal: string): Buffer | undefined {
  try {
    if (!isInOwnDirectory(cache)) return undefined;
    const fd = openRegularFile(cache);
    try {
      const stats = fstatSync(fd);
      if (!isOwn(stats)) return undefined;
      const bytes = readFileSync(fd);
      const length = stats.size - seal.length;
      return bytes.toString('latin1', length) === seal ? bytes.subarray(0, length) : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

function isInOwnDirectory(cache: string): boolean {
  return isAbsolute(cache) && isOwn(statSync(dirname(cache)));
}

/** It belongs to us, and nobody else can write it. */
function isOwn({ uid, mode }: Stats): boolean {
  return uid === process.geteuid?.() && (mode & 0o022) === 0;
}

/** Never rejects: the next start compiles once more. */
async function keepCode(cache: string, script: Script, seal: string): Promise<void> {
  const temporary = `${cache}.${process.pid}`;
  try {
    // As root in the home of another user, for example, nothing is written.
    if (!isInOwnDirectory(cache)) return;
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(Buffer.concat([script.createCachedData(), Buffer.from(seal)]));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, cache);
  } catch {
    await unlink(temporary).catch(() => undefined);
  }
}
