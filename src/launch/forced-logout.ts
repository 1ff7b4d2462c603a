import { join } from 'node:path';
import { inspectVault } from '../accounts/vault.ts';
import { HotswapError } from '../errors.ts';
import type { Ending } from '../handoff/states.ts';
import { describeTime } from '../local-time.ts';
import { holdsSlot } from '../overlay/lease.ts';
import { hasLoginLink, hasOwnLogin, pointAuth } from '../overlay/point-auth.ts';
import type { Slot } from '../overlay/slot.ts';
import type { Config } from '../state/config.ts';
import { ensurePrivateDir, readJson, replaceFile } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';

/**
 * Guards against settings that login-constraints.ts does not read: a company's settings from the cloud, macOS profiles, a key
 * of a later release. They can make Codex log an account out: at its start Codex removes the link to the login, sends nothing
 * to the service, and ends. After that no other account is started in the same directory for an hour.
 */
export interface LogoutGuard {
  /** A child has been started. */
  recordChild(): void;
  /** The child has opened a thread, so it accepts its login. */
  recordThread(): void;
  /**
   * Puts the link back when Codex has logged the last child out at its start.
   * @param target the account of the child.
   * @returns a line for the user in that case.
   */
  catchLogout(slot: Slot, target: string, ending: Ending): string | undefined;
}

/** Usually the settings are corrected in this time. */
const HELD_SECONDS = 3600;

/** @param directory the working directory of Codex, canonical. */
export function createLogoutGuard(
  paths: Paths,
  config: Config,
  directory: string,
  now: () => Date,
): LogoutGuard {
  let hasThread = true;
  return {
    recordChild() {
      hasThread = false;
    },
    recordThread() {
      hasThread = true;
      forget(paths, directory);
    },
    catchLogout(slot, name, ending) {
      // Codex refuses to start with status 1. A person's own /logout ends with 0.
      const isRefused = ending.kind === 'exited' && ending.code === 1;
      if (hasThread || !isRefused || hasLoginLink(slot) || hasOwnLogin(slot)) return undefined;
      // Another session may have the overlay now: then that session has lost the link.
      if (!holdsSlot(slot)) return undefined;
      const target = config.targets.find((candidate) => candidate.name === name);
      const vault = target && inspectVault(target);
      if (vault?.kind !== 'ready') return undefined;
      pointAuth(slot, vault.authFile);
      remember(paths, directory, { at: Math.floor(now().getTime() / 1000), target: name });
      return `Codex logged ${name} out at its start in ${directory}: a setting forces another login there; the login of ${name} is not lost; no account is started there for an hour; correct Codex's configuration, then run: codex-hotswap launch ${name}`;
    },
  };
}

/**
 * @param directory the working directory of Codex, canonical.
 * @throws HotswapError `forced-login` when Codex has logged an account out there in the last hour.
 */
export function refuseAfterLogout(paths: Paths, directory: string, now: Date): void {
  const found = readAll(paths)[directory];
  const seconds = now.getTime() / 1000;
  if (found === undefined || found.at > seconds || found.at + HELD_SECONDS <= seconds) return;
  throw new HotswapError(
    'forced-login',
    `Codex logged ${found.target} out at its start in ${directory} (${describeTime(found.at, now)}): a setting forces another login there, and Codex would log out the next account, too`,
    `correct Codex's configuration, then run: codex-hotswap launch ${found.target}`,
  );
}

interface Logout {
  /** Epoch seconds. */
  at: number;
  target: string;
}

/** The logouts on record, by directory. */
function readAll(paths: Paths): Record<string, Logout> {
  const read = readJson(fileOf(paths));
  const value = read.kind === 'ok' ? (read.value as { directories?: unknown } | null) : undefined;
  const entries = Object.entries(value?.directories ?? {}) as [string, Partial<Logout> | null][];
  return Object.fromEntries(
    entries.filter(
      (entry): entry is [string, Logout] =>
        typeof entry[1]?.at === 'number' && typeof entry[1].target === 'string',
    ),
  );
}

function remember(paths: Paths, directory: string, logout: Logout): void {
  const fresh = Object.entries(readAll(paths)).filter(
    ([, { at }]) => at + HELD_SECONDS > logout.at,
  );
  write(paths, { ...Object.fromEntries(fresh), [directory]: logout });
}

function forget(paths: Paths, directory: string): void {
  const { [directory]: found, ...others } = readAll(paths);
  if (found !== undefined) write(paths, others);
}

/** Never throws: without the record the next launch there starts one more account. */
function write(paths: Paths, directories: Record<string, Logout>): void {
  try {
    ensurePrivateDir(paths.stateDir);
    const text = `${JSON.stringify({ version: 1, directories })}\n`;
    replaceFile(fileOf(paths), text, { sync: false });
  } catch {
    // A full disk, say.
  }
}

function fileOf({ stateDir }: Pick<Paths, 'stateDir'>): string {
  return join(stateDir, 'forced-logouts.json');
}
