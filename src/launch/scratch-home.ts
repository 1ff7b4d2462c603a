import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt } from '../state/attempt.ts';
import { fileSystemTime } from '../state/file-clock.ts';
import { ensurePrivateDir } from '../state/files.ts';

/** An empty Codex home for a question that needs no login, and an environment with that home. */
export interface ScratchHome {
  home: string;
  env: NodeJS.ProcessEnv;
  remove(): void;
}

/**
 * Makes an empty home (0700). In a home with a login Codex would refresh that login without our lock, also for a command that
 * needs no login (fact 20).
 * @param parent the directory for it; else the directory for temporary files. Old homes of killed processes are removed.
 * @throws the errno error when neither directory can be written.
 */
export function openScratchHome(parent: string, env: NodeJS.ProcessEnv): ScratchHome {
  const home = makeHome(parent);
  const { CODEX_ACCESS_TOKEN: _token, CODEX_API_KEY: _key, OPENAI_API_KEY: _other, ...rest } = env;
  return {
    home,
    env: { ...rest, CODEX_HOME: home, CODEX_SQLITE_HOME: home },
    remove: () => removeQuietly(home),
  };
}

function makeHome(parent: string): string {
  try {
    ensurePrivateDir(parent);
    removeOldHomes(parent);
    return mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
  } catch {
    return mkdtempSync(join(tmpdir(), 'codex-hotswap-'));
  }
}

const PREFIX = 'home-';
/** A question takes seconds at most. */
const OLD_MS = 3_600_000;

function removeOldHomes(parent: string): void {
  const names = readdirSync(parent).filter((entry) => entry.startsWith(PREFIX));
  const now = names.length === 0 ? undefined : fileSystemTime(parent);
  if (now === undefined) return;
  for (const name of names) {
    const made = statSync(join(parent, name), { throwIfNoEntry: false })?.mtimeMs ?? now;
    if (now - made > OLD_MS) removeQuietly(join(parent, name));
  }
}

/** A directory that cannot be removed now is old later. */
function removeQuietly(dir: string): void {
  attempt(() => rmSync(dir, { recursive: true, force: true, maxRetries: 2 }));
}
