import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Capabilities,
  capabilityKey,
  probeCapabilities,
  readCapabilities,
} from '../codex/capabilities.ts';
import { ensurePrivateDir, readJson, replaceFile } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';

/** A probe of a healthy binary takes some 20 ms; one that hangs must not hang `codex`. */
const PROBE_MS = 10_000;

/**
 * What this binary can do: from the cache, else asked of the binary and remembered until path, size or mtime change.
 * A binary that cannot be asked gets no optional flag at all.
 */
export async function learnCapabilities(paths: Paths, binary: string): Promise<Capabilities> {
  const { size, mtimeMs } = statSync(binary);
  const file = join(
    paths.capabilitiesDir,
    `${capabilityKey({ path: binary, size, mtimeMs })}.json`,
  );
  const cached = readJson(file);
  const known = cached.kind === 'ok' ? readCapabilities(cached.value) : undefined;
  if (known !== undefined) return known;
  const capabilities = await probeCapabilities((args) => ask(binary, args)).catch(() => undefined);
  if (capabilities === undefined) return { noDaemon: false, features: {}, learnedOptions: [] };
  try {
    ensurePrivateDir(paths.capabilitiesDir);
    replaceFile(file, JSON.stringify(capabilities), { sync: false });
  } catch {
    // It is asked again the next time.
  }
  return capabilities;
}

function ask(binary: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: PROBE_MS, maxBuffer: 4 * 1024 * 1024 };
    const child = execFile(binary, [...args], options, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
    child.stdin?.end();
  });
}
