import { closeSync, fstatSync, readFileSync, type Stats, statSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { Script } from 'node:vm';
import { openRegularFile } from '../regular-file.ts';

/**
 * The first frame is drawn by then, and V8 has compiled the functions that a start calls. One second after the start
 * launch/small-heap.ts changes flags of V8, and V8 refuses code that was compiled with other flags.
 */
const SETTLED_MS = 700;

/**
 * Loads a CommonJS program of dist/ with the code that V8 compiled of it in an earlier session. Without that code V8 parses
 * the program and compiles each function at its first call: 25 of the 100 ms that a start takes on Node 20. When there is
 * no code, or the code belongs to another Node or another build, V8 compiles the program, and we keep the code for the next
 * start.
 *
 * `module.enableCompileCache` does not serve: Node 20 does not have it. It writes its file at the exit of the process, and a
 * session that a signal ends has no such exit. Its default place is the temporary directory, where other users can write.
 *
 * @param file absolute, and made by `asScript` of scripts/build.mjs. It has our own `require`: it lies as deep in dist/ as
 * we do.
 * @param cache the file of the code. It is read and written in a directory of our own only, which is not made here. A
 * relative path is never used: without a HOME it leads into the project that codex is typed in.
 * @returns the program's exports.
 */
export function loadWithCodeCache(file: string, cache: string): unknown {
  const source = readFileSync(file, 'latin1');
  // V8 checks only its version, its flags and the length of the source. It would take the code of another source of the same
  // length, or half of a file (pty fact 23). So the end of the file names the Node and the build that the code belongs to.
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
