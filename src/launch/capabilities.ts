import { execFile } from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import {
  type Capabilities,
  nameCacheEntry,
  probeCapabilities,
  readCapabilities,
} from '../codex/capabilities.ts';
import { resolveLinks } from '../codex/paths.ts';
import { attempt } from '../state/attempt.ts';
import { readJson, replaceFile } from '../state/files.ts';
import { awaitLock, type Lock } from '../state/lock.ts';
import type { Paths } from '../state/paths.ts';
import { openScratchHome } from './scratch-home.ts';

/** A probe takes some 20 ms. A binary that hangs must not make the launch hang. */
const PROBE_MS = 10_000;

/** How long the answer of a wrapper is kept. */
const WRAPPER_MS = 3_600_000;

/**
 * Learns what this binary can do: from the cache, else from the binary itself, in an empty home. The answer is valid until
 * path, size or mtime change. One launch asks the binary, and other launches wait for the answer. A binary that gives no
 * answer gets no optional flag.
 *
 * A wrapper (a shim of mise, asdf or volta, a script) is the same file before and after an update of Codex. So its answer is
 * valid for an hour.
 * @param env the environment of the binary, which is run without the variables that lead to a login.
 * @param wrapperMs how old the answer of a wrapper may be.
 */
export async function learnCapabilities(
  paths: Paths,
  binary: string,
  env: NodeJS.ProcessEnv = process.env,
  wrapperMs = WRAPPER_MS,
): Promise<Capabilities> {
  const { size, mtimeMs } = statSync(binary);
  const oldest = isWrapper(binary) ? Date.now() - wrapperMs : 0;
  const file = join(
    paths.capabilitiesDir,
    `${nameCacheEntry({ path: binary, size, mtimeMs })}.json`,
  );
  const cached = readCache(file, oldest);
  if (cached !== undefined) return cached;
  const lock = await lockProbing(paths);
  try {
    return readCache(file, oldest) ?? (await probe(paths, { binary, env, file }));
  } finally {
    lock?.release();
  }
}

/** Whether another program runs Codex: the file is no native codex, or a script. */
function isWrapper(binary: string): boolean {
  const file = resolveLinks(binary);
  if (!basename(file).startsWith('codex')) return true;
  // A file that may be executed may still be unreadable.
  return attempt(() => readStart(file)) === '#!';
}

function readStart(file: string): string {
  const start = Buffer.alloc(2);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, start, 0, start.length, 0);
    return start.toString('latin1');
  } finally {
    closeSync(fd);
  }
}

/** @param oldestMs an older answer does not count, epoch milliseconds. */
function readCache(file: string, oldestMs: number): Capabilities | undefined {
  if (oldestMs > 0 && (attempt(() => statSync(file).mtimeMs) ?? 0) < oldestMs) return undefined;
  const cached = readJson(file);
  return cached.kind === 'ok' ? readCapabilities(cached.value) : undefined;
}

/** Undefined when another process holds the lock too long: two probes at once are better than none. */
async function lockProbing({ capabilitiesDir }: Paths): Promise<Lock | undefined> {
  // Longer than a probe that hangs.
  return awaitLock(join(capabilitiesDir, 'probing'), PROBE_MS + 2000).catch(() => undefined);
}

async function probe(
  { capabilitiesDir }: Paths,
  { binary, env, file }: { binary: string; env: NodeJS.ProcessEnv; file: string },
): Promise<Capabilities> {
  const capabilities = await probeInScratchHome(capabilitiesDir, binary, env).catch(
    () => undefined,
  );
  if (capabilities === undefined) return { noDaemon: false, features: {}, learnedOptions: [] };
  try {
    replaceFile(file, JSON.stringify(capabilities), { sync: false });
  } catch {
    // The next launch asks again.
  }
  return capabilities;
}

async function probeInScratchHome(
  parent: string,
  binary: string,
  env: NodeJS.ProcessEnv,
): Promise<Capabilities> {
  const scratch = openScratchHome(parent, env);
  const place = { cwd: scratch.home, env: scratch.env };
  // PATH may have a relative directory.
  const file = resolve(binary);
  return probeCapabilities((args) => ask(file, args, place)).finally(scratch.remove);
}

function ask(
  binary: string,
  args: readonly string[],
  place: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { ...place, timeout: PROBE_MS, maxBuffer: 4 * 1024 * 1024 };
    const child = execFile(binary, [...args], options, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
    child.stdin?.end();
  });
}
