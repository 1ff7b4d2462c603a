import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type Capabilities,
  nameCacheEntry,
  probeCapabilities,
  readCapabilities,
} from '../codex/capabilities.ts';
import { readJson, replaceFile } from '../state/files.ts';
import { awaitLock, type Lock } from '../state/lock.ts';
import type { Paths } from '../state/paths.ts';
import { openScratchHome } from './scratch-home.ts';

/** A probe takes some 20 ms. A binary that hangs must not make the launch hang. */
const PROBE_MS = 10_000;

/**
 * Learns what this binary can do: from the cache, else from the binary itself, in an empty home. The answer is valid until
 * path, size or mtime change. One launch asks the binary, and other launches wait for the answer. A binary that gives no
 * answer gets no optional flag.
 * @param env the environment of the binary, which is run without the variables that lead to a login.
 */
export async function learnCapabilities(
  paths: Paths,
  binary: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Capabilities> {
  const { size, mtimeMs } = statSync(binary);
  const file = join(
    paths.capabilitiesDir,
    `${nameCacheEntry({ path: binary, size, mtimeMs })}.json`,
  );
  const cached = readCache(file);
  if (cached !== undefined) return cached;
  const lock = await lockProbing(paths);
  try {
    return readCache(file) ?? (await probe(paths, { binary, env, file }));
  } finally {
    lock?.release();
  }
}

function readCache(file: string): Capabilities | undefined {
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
