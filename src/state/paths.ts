import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { HotswapError } from '../errors.ts';
import { readRegularFile } from '../regular-file.ts';
import { absolute, stateDirOf } from './state-dir.ts';

/** Every place this program reads or writes; all absolute. Nothing here is created by resolving it. */
export interface Paths {
  home: string;
  /** The Codex home that belongs to the user: `~/.codex` or their `CODEX_HOME`. */
  sharedHome: string;
  configFile: string;
  stateDir: string;
  runtimeDir: string;
  accountsDir: string;
  sessionsDir: string;
  /** One lock for each account. */
  locksDir: string;
  /** The locks under which the configuration and our records are changed (see records.ts). */
  configLock: string;
  recordsLock: string;
  /** Logins that belong to no known target, kept for the user (0600). */
  orphansDir: string;
  eventsFile: string;
  capabilitiesDir: string;
  currentFile: string;
  /** What a renaming that is under way is to do. */
  renamingFile: string;
  /** Where the auth.json of each home led to. */
  linkedFile: string;
  /** Its existence switches the shim off. */
  disabledFlag: string;
}

/**
 * The paths of this user. Relative and empty XDG values are ignored, as the XDG base directory specification says.
 * @param env the process environment (XDG_CONFIG_HOME, XDG_STATE_HOME, CODEX_HOME are looked at).
 * @param homedir the user's home, absolute.
 */
export function resolvePaths(env: NodeJS.ProcessEnv, homedir: string): Paths {
  const configDir = join(
    absolute(env.XDG_CONFIG_HOME) ?? join(homedir, '.config'),
    'codex-hotswap',
  );
  const stateDir = stateDirOf(env, homedir);
  return {
    home: homedir,
    sharedHome: resolveSharedHome(env.CODEX_HOME, homedir),
    configFile: join(configDir, 'config.json'),
    stateDir,
    runtimeDir: join(stateDir, 'runtime'),
    accountsDir: join(stateDir, 'accounts'),
    sessionsDir: join(stateDir, 'sessions'),
    locksDir: join(stateDir, 'locks'),
    configLock: join(stateDir, 'config.lock'),
    recordsLock: join(stateDir, 'records.lock'),
    orphansDir: join(stateDir, 'orphans'),
    eventsFile: join(stateDir, 'events.jsonl'),
    capabilitiesDir: join(stateDir, 'codex'),
    currentFile: join(stateDir, 'current.json'),
    renamingFile: join(stateDir, 'renaming.json'),
    linkedFile: join(stateDir, 'linked.json'),
    disabledFlag: join(stateDir, 'disabled'),
  };
}

/** The user's home: HOME, unless it is empty or relative, which would scatter our files over working directories. */
export function homeOf(env: NodeJS.ProcessEnv): string {
  return absolute(env.HOME) ?? userInfo().homedir;
}

/**
 * Root with a user's home (`sudo -E`, or plain `sudo` on macOS) would leave files there that the user can neither change
 * nor remove.
 * @throws HotswapError `unsafe-path` when root is to work in a home of another user.
 */
export function requireOwnHome(home: string, uid = process.geteuid?.()): void {
  if (uid !== 0) return;
  const owner = statSync(home, { throwIfNoEntry: false })?.uid ?? uid;
  if (owner === uid) return;
  throw new HotswapError(
    'unsafe-path',
    `${home} belongs to another user (uid ${owner}), and this is root`,
    'run it as that user, without sudo',
  );
}

/** The side directory of a slot: our own records about `runtime/slot-<n>`, which Codex never looks into. */
export function sideOf(slotHome: string): string {
  return `${slotHome}.side`;
}

/** The lock under which what a session left in a slot is brought to the shared home. */
export function adoptionLockOf(slotHome: string): string {
  return join(dirname(slotHome), 'adoption.lock');
}

/** The shared home a slot was made for, or undefined when the directory is no slot of ours. */
export function recordedSharedHome(slotHome: string): string | undefined {
  try {
    const record: unknown = JSON.parse(
      readRegularFile(join(sideOf(slotHome), 'home.json')).toString('utf8'),
    );
    const home = (record as { sharedHome?: unknown } | null)?.sharedHome;
    return typeof home === 'string' && isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

// A shell opened by a supervised Codex inherits CODEX_HOME=<slot>; a codex typed there must not take the overlay
// for the user's home, or overlays would be stacked on overlays.
function resolveSharedHome(codexHome: string | undefined, homedir: string): string {
  if (codexHome === undefined || codexHome === '') return join(homedir, '.codex');
  const path = resolve(codexHome);
  const slot = enclosingSlot(path);
  return (slot === undefined ? undefined : recordedSharedHome(slot)) ?? path;
}

function enclosingSlot(path: string): string | undefined {
  return /^slot-\d+$/.test(basename(path)) && basename(dirname(path)) === 'runtime'
    ? path
    : undefined;
}
