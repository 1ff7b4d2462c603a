import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  readdirSync,
  type Stats,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { findOwner, readIdentity } from '../../accounts/owner.ts';
import { readTargets, type TargetSnapshot } from '../../accounts/target-snapshot.ts';
import { HotswapError } from '../../errors.ts';
import { toShellWord } from '../../shell-word.ts';
import { attempt } from '../../state/attempt.ts';
import { readConfig } from '../../state/config.ts';
import { assertOwned } from '../../state/files.ts';
import type { Context } from '../context.ts';
import { type Finding, type Fix, issue, listFindings, note, ok } from './finding.ts';

/** Checks that our directories and Codex's exist, belong to the user, are private and writable. */
export function checkStorage(context: Context): Finding[] {
  const { paths } = context;
  return listFindings([
    checkDir('the shared Codex home', paths.sharedHome, { privateMode: false }),
    checkDir('the configuration directory', dirname(paths.configFile), { privateMode: false }),
    checkDir('the state directory', paths.stateDir, { privateMode: true }),
    checkNotTemporary(paths.runtimeDir),
    ...checkOrphans(paths.orphansDir, listTargets(context)),
  ]);
}

function checkDir(what: string, dir: string, { privateMode }: { privateMode: boolean }): Finding {
  try {
    const stats = assertOwned(dir);
    if (stats === undefined)
      return note(`${what} ${dir} does not exist yet; it is made when needed`);
    if (!stats.isDirectory()) return issue(`${what} ${dir} is not a directory; move it away`);
    accessSync(dir, constants.W_OK | constants.X_OK);
    return (privateMode && checkDirMode(dir, stats, `${what} ${dir}`)) || ok(`${what} ${dir}`);
  } catch (error) {
    if (!(error instanceof HotswapError)) {
      return issue(`${what} ${dir} is not writable; run: chmod u+rwx ${toShellWord(dir)}`);
    }
    return issue(`${error.message}; ${error.advice}`, privateMode ? fixDirMode(dir) : undefined);
  }
}

/** An issue when other users can read or enter the directory. @param name for the user. */
export function checkDirMode(dir: string, { mode }: Stats, name = dir): Finding | undefined {
  if ((mode & 0o077) === 0) return undefined;
  return issue(
    `${name} is open to other users; run: chmod 700 ${toShellWord(dir)}`,
    fixDirMode(dir),
  );
}

/** The fix for a directory that other users can read; undefined when another user owns it. */
function fixDirMode(dir: string): Fix | undefined {
  return lstatSync(dir).uid === process.getuid?.() ? fixMode(dir, 0o700) : undefined;
}

export function fixMode(path: string, mode: number): Fix {
  return {
    done: `only you can read ${path} now (chmod ${mode.toString(8)})`,
    run: () => chmodSync(path, mode),
  };
}

/** Codex refuses its helper binaries when CODEX_HOME lies under a temporary directory (fact 26). */
function checkNotTemporary(runtimeDir: string): Finding | undefined {
  const isTemporary = [tmpdir(), '/tmp', '/var/tmp'].some((dir) =>
    runtimeDir.startsWith(`${dir}/`),
  );
  if (!isTemporary) return undefined;
  return issue(
    `${runtimeDir} lies in a temporary directory, where Codex refuses part of its work; set XDG_STATE_HOME to another directory`,
  );
}

function checkOrphans(dir: string, snapshots: readonly TargetSnapshot[]): Finding[] {
  if (!existsSync(dir) || !statSync(dir).isDirectory()) return [];
  return readdirSync(dir).map((name) => {
    const file = `${dir}/${name}`;
    const identity = readIdentity(file);
    const owner = identity && findOwner(snapshots, identity)?.target.name;
    return note(
      owner === undefined
        ? `${file} is a login of no account; adopt it with: codex-hotswap import ${file} --as NAME, or delete it`
        : `${file} is a login of the account of ${owner} that a newer one replaced; if ${owner} works, delete it, else try: codex-hotswap import ${file}`,
    );
  });
}

function listTargets({ paths }: Context): TargetSnapshot[] {
  // The check of the accounts reports a broken configuration.
  const config = attempt(() => readConfig(paths));
  return config === undefined ? [] : (attempt(() => readTargets(paths, config)) ?? []);
}
