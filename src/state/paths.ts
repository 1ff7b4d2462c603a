import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { HotswapError } from '../errors.ts';
import { readRegularFile } from '../regular-file.ts';
import { attempt } from './attempt.ts';
import { absolute, stateDirOf } from './state-dir.ts';

/** Every path that this program reads or writes; all absolute. Resolving them creates nothing. */
export interface Paths {
  home: string;
  /** The user's Codex home: `~/.codex` or `CODEX_HOME`. */
  sharedHome: string;
  configFile: string;
  stateDir: string;
  runtimeDir: string;
  accountsDir: string;
  sessionsDir: string;
  /** One lock for each account. */
  locksDir: string;
  /** The locks for changes of the configuration and of our records (see records.ts). */
  configLock: string;
  recordsLock: string;
  /** Logins that belong to no known target (0600). */
  orphansDir: string;
  eventsFile: string;
  capabilitiesDir: string;
  currentFile: string;
  /** The steps of a renaming that has begun. */
  renamingFile: string;
  /** Where the auth.json link of each Codex home led. */
  linkedFile: string;
  /** The shim is off while this file exists. */
  disabledFlag: string;
}

/**
 * The paths of this user. Relative and empty XDG values are ignored, as the XDG base directory specification says.
 * @param env the process environment (reads XDG_CONFIG_HOME, XDG_STATE_HOME, CODEX_HOME).
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

/** The user's home: HOME, unless it is empty or relative. A relative home would be another one in each directory. */
export function homeOf(env: NodeJS.ProcessEnv): string {
  return absolute(env.HOME) ?? userInfo().homedir;
}

/**
 * Refuses to work as root in another user's home (`sudo -E`, or plain `sudo` on macOS): the user could neither change nor
 * remove our files.
 * @throws HotswapError `unsafe-path`.
 */
export function requireOwnHome(home: string, uid = process.geteuid?.()): void {
  if (uid !== 0) return;
  const owner = statSync(home, { throwIfNoEntry: false })?.uid ?? uid;
  if (owner === uid) return;
  throw new HotswapError(
    'unsafe-path',
    `${home} belongs to another user (uid ${owner}), and you are root`,
    'run this command as that user, without sudo',
  );
}

/** The directory with our own records about `runtime/slot-<n>`. Codex does not read it. */
export function sideOf(slotHome: string): string {
  return `${slotHome}.side`;
}

/** The lock for moving the files of a slot to the shared home. */
export function adoptionLockOf(slotHome: string): string {
  return join(dirname(slotHome), 'adoption.lock');
}

/** The shared home of a slot; undefined when the directory is no slot of ours. */
export function recordedSharedHome(slotHome: string): string | undefined {
  const file = join(sideOf(slotHome), 'home.json');
  const record = attempt(() => JSON.parse(readRegularFile(file).toString('utf8')));
  const home: unknown = record?.sharedHome;
  return typeof home === 'string' && isAbsolute(home) ? home : undefined;
}

// A shell that a supervised Codex opens inherits CODEX_HOME=<slot>. A codex typed there must use the user's home, or one
// overlay would be made on another.
function resolveSharedHome(codexHome: string | undefined, homedir: string): string {
  if (codexHome === undefined || codexHome === '') return join(homedir, '.codex');
  const path = resolve(codexHome);
  const isSlot = /^slot-\d+$/.test(basename(path)) && basename(dirname(path)) === 'runtime';
  return (isSlot ? recordedSharedHome(path) : undefined) ?? path;
}
