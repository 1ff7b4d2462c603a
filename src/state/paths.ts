import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { HotswapError } from '../errors.ts';
import { readRegularFile } from '../regular-file.ts';
import { attempt } from './attempt.ts';
import { absolute, stateDirOf } from './state-dir.ts';

/** The files and directories of the state directory. */
const STATE_ENTRIES = {
  runtimeDir: 'runtime',
  accountsDir: 'accounts',
  sessionsDir: 'sessions',
  /** One lock for each account. */
  locksDir: 'locks',
  /** The locks for changes of the configuration and of our records (see records.ts). */
  configLock: 'config.lock',
  recordsLock: 'records.lock',
  /** Logins that belong to no known target (0600). */
  orphansDir: 'orphans',
  eventsFile: 'events.jsonl',
  capabilitiesDir: 'codex',
  currentFile: 'current.json',
  /** The steps of a renaming that has begun. */
  renamingFile: 'renaming.json',
  /** Where the auth.json link of each Codex home led. */
  linkedFile: 'linked.json',
  /** The shim is off while this file exists. */
  disabledFlag: 'disabled',
  /** Where the shim was installed (see shim-record.ts). */
  shimFile: 'shim.json',
};

/** Every path that this program reads or writes; all absolute. Resolving them creates nothing. */
export interface Paths extends Record<keyof typeof STATE_ENTRIES, string> {
  home: string;
  /** The user's Codex home: `~/.codex` or `CODEX_HOME`. */
  sharedHome: string;
  configFile: string;
  stateDir: string;
}

/**
 * The paths of this user. Relative and empty XDG values are ignored, as the XDG base directory specification says.
 * @param env the process environment (reads XDG_CONFIG_HOME, XDG_STATE_HOME, CODEX_HOME).
 * @param homedir the user's home, absolute.
 */
export function resolvePaths(env: NodeJS.ProcessEnv, homedir: string): Paths {
  const configDir = absolute(env.XDG_CONFIG_HOME) ?? join(homedir, '.config');
  const stateDir = stateDirOf(env, homedir);
  const entries = Object.entries(STATE_ENTRIES).map(([key, name]) => [key, join(stateDir, name)]);
  return {
    ...(Object.fromEntries(entries) as typeof STATE_ENTRIES),
    home: homedir,
    sharedHome: resolveSharedHome(env.CODEX_HOME, homedir),
    configFile: join(configDir, 'codex-hotswap', 'config.json'),
    stateDir,
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
