import { existsSync, lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readLinkTarget } from '../accounts/credential/swap-link.ts';
import { readCurrent } from '../accounts/current.ts';
import { readLastLink } from '../accounts/last-link.ts';
import { describeIdentity, readLogin } from '../accounts/login.ts';
import { findVault, readIdentity } from '../accounts/owner.ts';
import { listVaults, readTargets, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import { authFileOf } from '../accounts/vault.ts';
import { isSamePlace, tellVaultHome, vaultOfHome } from '../accounts/vault-home.ts';
import { readRegularFile, statQuietly } from '../regular-file.ts';
import { attempt } from '../state/attempt.ts';
import type { Config } from '../state/config.ts';
import { errnoOf } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { type ConfigQuestion, readSettings } from './login-settings.ts';

/** The login in a Codex home. It tells which account the user of that home wants. */
export type HomeLogin =
  /** The default home, or a home that leads to the current target: the account is chosen in the usual way. */
  | { kind: 'ours' }
  /** The home is the vault of a target. */
  | { kind: 'vault'; target: string; line: string }
  /** The login of a target: a copy, or a link to its vault while another target is current. */
  | { kind: 'target'; target: string; line: string }
  /** The login of an unknown account, or a login that cannot be read. `alone`: the line when Codex runs unsupervised. */
  | { kind: 'apart'; line: string; alone: string }
  /** Another home, without any login. */
  | { kind: 'empty' };

/**
 * Reads the home of a launch and changes nothing. All accounts share the default home (`~/.codex`, or another path to it),
 * unless it is a vault. Any other home has its own account, unless its login is a link to a vault.
 */
export async function readHomeLogin(
  paths: Paths,
  config: Config,
  question: ConfigQuestion,
): Promise<HomeLogin> {
  const { sharedHome } = paths;
  const vault = vaultOfHome(sharedHome, config.targets);
  if (vault !== undefined) {
    return { kind: 'vault', target: vault.name, line: tellVaultHome(sharedHome, vault) };
  }
  if (isDefaultHome(paths)) return { kind: 'ours' };
  if (!statQuietly(sharedHome)?.isDirectory()) {
    // Usually a typing error. Codex refuses such a home.
    const line = `${sharedHome} is not a directory`;
    return { kind: 'apart', line, alone: `${line}, so codex runs unsupervised` };
  }
  const file = join(sharedHome, 'auth.json');
  const hasFile = lstatQuietly(file) !== undefined;
  // The home whose link was removed still has its account. noticeLogout handles the missing link.
  const lost = hasFile ? undefined : readLastLink(paths);
  const linked = config.targets.find(
    (target) => authFileOf(target) === lost || leadsTo(file, authFileOf(target)),
  );
  if (linked !== undefined) {
    const { current } = readCurrent(paths);
    const first = config.targets.find(({ name }) => name === current) ?? config.targets[0];
    const { name } = linked;
    if (first?.name === name) return { kind: 'ours' };
    return { kind: 'target', target: name, line: `${sharedHome} has the login of ${name}` };
  }
  const { store } = await readSettings(question);
  const other = describeOtherStore(sharedHome, store);
  if (other !== undefined) return apart(`${sharedHome} has ${other}`);
  return hasFile ? readOwnLogin(paths, readTargets(paths, config), file) : { kind: 'empty' };
}

/**
 * Finds the login of an unknown account in the default home. A session there runs under our accounts all the same.
 * @returns the account as a text; undefined when a target has the account, and without a login.
 */
export function findUnknownLogin(paths: Paths, config: Config): string | undefined {
  const file = join(paths.sharedHome, 'auth.json');
  if (config.targets.some((target) => leadsTo(file, authFileOf(target)))) return undefined;
  const identity = readIdentity(file);
  if (identity === undefined) return undefined;
  const owner = findVault(identity, listVaults(readTargets(paths, config)));
  return owner === undefined ? describeIdentity(identity) : undefined;
}

/** The advice how to make a target of an unknown login. */
export function tellImport({ sharedHome }: Pick<Paths, 'sharedHome'>): string {
  return `to add it to your accounts: codex-hotswap import ${join(sharedHome, 'auth.json')} --as NAME`;
}

/** Compares the directory, not the variable: a codex that is started in a session has CODEX_HOME set, too. */
function isDefaultHome({ sharedHome, home }: Paths): boolean {
  const standard = join(home, '.codex');
  return sharedHome === standard || isSamePlace(sharedHome, standard);
}

function readOwnLogin(paths: Paths, targets: readonly TargetSnapshot[], file: string): HomeLogin {
  const { sharedHome } = paths;
  const read = readFile(file);
  if ('problem' in read) return apart(`${sharedHome} has an auth.json that ${read.problem}`);
  const found = readLogin(read.text);
  if (found.kind === 'broken') return apart(`${sharedHome} has an auth.json that ${found.reason}`);
  const { identity } = found.login;
  const start = `${sharedHome} is logged in as ${describeIdentity(identity)}`;
  const owner = findVault(identity, listVaults(targets))?.name;
  return owner === undefined
    ? apart(`${start}, which is none of your accounts here`, tellImport(paths))
    : { kind: 'target', target: owner, line: `${start}, the account of ${owner}` };
}

/** A login that is in no auth.json, as a text; undefined when Codex keeps logins in that file. */
function describeOtherStore(sharedHome: string, store: string | undefined): string | undefined {
  if (store !== undefined) return `a login in the ${JSON.stringify(store)} store`;
  // The encrypted store (fact 10).
  const isEncrypted = existsSync(join(sharedHome, 'secrets', 'codex_auth.age'));
  return isEncrypted ? 'an encrypted login' : undefined;
}

const NAME_ONE = 'to use one of your accounts there: codex-hotswap launch NAME';

function apart(line: string, advice = NAME_ONE): HomeLogin {
  return { kind: 'apart', line, alone: `${line}, so codex uses that, unsupervised; ${advice}` };
}

/** Whether a path is a link to that file, which may be missing. */
function leadsTo(path: string, authFile: string): boolean {
  if (!lstatQuietly(path)?.isSymbolicLink()) return false;
  return readLinkTarget(path) === authFile || isSamePlace(path, authFile);
}

function readFile(file: string): { text: string } | { problem: string } {
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return { problem: 'is a link to nothing' };
    if (!stats.isFile()) return { problem: 'is not a file' };
    return { text: readRegularFile(file).toString('utf8') };
  } catch (error) {
    return { problem: `cannot be read (${errnoOf(error) ?? 'unknown error'})` };
  }
}

function lstatQuietly(path: string) {
  return attempt(() => lstatSync(path, { throwIfNoEntry: false }));
}
