import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readCurrent } from '../accounts/current.ts';
import { readLastLink } from '../accounts/last-link.ts';
import { describeIdentity, readLogin } from '../accounts/login.ts';
import { findVault } from '../accounts/owner.ts';
import { listVaults, readTargets, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import { authFileOf } from '../accounts/vault.ts';
import { isSamePlace, tellVaultHome, vaultOfHome } from '../accounts/vault-home.ts';
import type { Config } from '../state/config.ts';
import { errnoOf } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { type ConfigQuestion, readSettings } from './login-constraints.ts';
import type { Wish } from './session-overlay.ts';

/** Whose login a Codex home holds, and so under which account a person who names that home wants to work. */
export type HomeLogin =
  /** Ours, or the default home: the account is chosen as always. */
  | { kind: 'ours' }
  /** The home is the vault of a target. */
  | { kind: 'vault'; target: string; line: string }
  /** The login of a target: a copy, or a link to its vault while another target is current. */
  | { kind: 'target'; target: string; line: string }
  /** A login that is no target's, or one that cannot be read. `alone` says so where Codex runs with it by itself. */
  | { kind: 'apart'; line: string; alone: string }
  /** An own home without any login. */
  | { kind: 'empty' };

export interface HomeQuestion {
  paths: Paths;
  standings: readonly TargetSnapshot[];
  /** Where Codex's configuration keeps logins there, when that is not a file. */
  store: string | undefined;
}

/** Whose login the home of this launch holds. */
export async function lookAtHome(
  paths: Paths,
  config: Config,
  place: ConfigQuestion,
): Promise<HomeLogin> {
  const standings = readTargets(paths, config);
  const { store } = await readSettings(place);
  return readHomeLogin({ paths, standings, store });
}

/**
 * Looks at the home of a launch and changes nothing. The default home (`~/.codex`, by whatever name) is shared by all
 * accounts, unless it is a vault. A home that CODEX_HOME names is somebody's own, until its login is a link to a vault.
 */
export function readHomeLogin({ paths, standings, store }: HomeQuestion): HomeLogin {
  const { sharedHome } = paths;
  const targets = standings.map(({ target }) => target);
  const vault = vaultOfHome(sharedHome, targets);
  if (vault !== undefined) {
    return { kind: 'vault', target: vault.name, line: tellVaultHome(sharedHome, vault) };
  }
  if (isDefaultHome(paths)) return { kind: 'ours' };
  if (!statQuietly(sharedHome)?.isDirectory()) {
    // Mistyped, as a rule. Codex refuses it, and no other account is meant.
    const line = `${sharedHome} is not a directory`;
    return { kind: 'apart', line, alone: `${line}, so codex runs unsupervised` };
  }
  const file = join(sharedHome, 'auth.json');
  const stats = lstatQuietly(file);
  // Its link to a vault was taken away: that is for noticeLogout to look into, and the home is that account's still.
  const lost = stats === undefined ? readLastLink(paths) : undefined;
  const shown = standings.find(
    ({ target }) => authFileOf(target) === lost || leadsTo(file, authFileOf(target)),
  );
  if (shown !== undefined) {
    const { name } = shown.target;
    const { current } = readCurrent(paths);
    const first = targets.find((target) => target.name === current) ?? targets[0];
    if (first?.name === name) return { kind: 'ours' };
    return { kind: 'target', target: name, line: `${sharedHome} has the login of ${name}` };
  }
  const other = readOtherStore(sharedHome, store);
  if (other !== undefined) return apart(`${sharedHome} has ${other}`);
  if (stats === undefined) return { kind: 'empty' };
  return readOwnLogin(paths, standings, file);
}

/** What a home means for a launch. */
export interface HomeChoice {
  /** The account that is asked for, by name or by the home. */
  wish: Wish | undefined;
  /** The home's auth.json is left as it is when the session moves on. */
  keepsHome: boolean;
  /** For the user. @param target the account that was chosen. */
  tell(target: string): string | undefined;
}

/**
 * An account that is named outranks the home, and the home outranks the account that is current. Pure.
 * @returns the line to say when Codex is to run alone.
 */
export function chooseByHome(
  home: HomeLogin,
  wish: Wish | undefined,
): HomeChoice | { alone: string } {
  const isNamed = wish?.kind === 'exactly';
  const silent = () => undefined;
  switch (home.kind) {
    case 'ours':
      return { wish, keepsHome: false, tell: silent };
    case 'empty':
      return {
        wish,
        keepsHome: true,
        tell: isNamed
          ? silent
          : (target) =>
              `this Codex home has no login of its own, so this session works under ${target}; to give it one: codex login`,
      };
    case 'apart':
      if (!isNamed) return { alone: home.alone };
      return { wish, keepsHome: true, tell: (target) => tellNamed(home.line, target) };
    case 'vault':
    case 'target': {
      const asked: Wish = isNamed ? wish : { kind: 'exactly', target: home.target };
      const tell = (target: string) => {
        if (isNamed) return target === home.target ? undefined : tellNamed(home.line, target);
        return `${home.line}, so this session works under ${target}`;
      };
      return { wish: asked, keepsHome: true, tell };
    }
  }
}

function tellNamed(line: string, target: string): string {
  return `${line}; this session works under ${target}, as you asked`;
}

/** A login of a stranger in the default home, where our accounts go first: in words, for a line. */
export function findUnknownLogin({
  paths,
  standings,
}: Omit<HomeQuestion, 'store'>): string | undefined {
  const file = join(paths.sharedHome, 'auth.json');
  if (lstatQuietly(file) === undefined) return undefined;
  if (standings.some(({ target }) => leadsTo(file, authFileOf(target)))) return undefined;
  const read = readFile(file);
  const login = 'text' in read ? readLogin(read.text) : undefined;
  if (login?.kind !== 'login') return undefined;
  const { identity } = login.login;
  return findVault(identity, listVaults(standings)) === undefined
    ? describeIdentity(identity)
    : undefined;
}

/** How a login that no target has becomes one. */
export function tellImport({ sharedHome }: Pick<Paths, 'sharedHome'>): string {
  return `to make it a target: codex-hotswap import ${join(sharedHome, 'auth.json')} --as NAME`;
}

/** A codex that is started inside a session has CODEX_HOME set, too: the default home by name is no wish. */
function isDefaultHome({ sharedHome, home }: Paths): boolean {
  const standard = join(home, '.codex');
  return sharedHome === standard || isSamePlace(sharedHome, standard);
}

function readOwnLogin(paths: Paths, standings: readonly TargetSnapshot[], file: string): HomeLogin {
  const { sharedHome } = paths;
  const read = readFile(file);
  if ('problem' in read) return apart(`${sharedHome} has an auth.json that ${read.problem}`);
  const found = readLogin(read.text);
  if (found.kind === 'broken') return apart(`${sharedHome} has an auth.json that ${found.reason}`);
  const { identity } = found.login;
  const who = describeIdentity(identity);
  const owner = findVault(identity, listVaults(standings));
  if (owner !== undefined) {
    return {
      kind: 'target',
      target: owner.name,
      line: `${sharedHome} is logged in as ${who}, the account of ${owner.name}`,
    };
  }
  return apart(
    `${sharedHome} is logged in as ${who}, which is no target's account`,
    tellImport(paths),
  );
}

/** What is known of a login that is in no auth.json; undefined when Codex keeps logins in that file. */
function readOtherStore(sharedHome: string, store: string | undefined): string | undefined {
  if (store !== undefined) return `a login in the ${JSON.stringify(store)} store`;
  // The encrypted store (fact 10).
  return existsSync(join(sharedHome, 'secrets', 'codex_auth.age'))
    ? 'an encrypted login'
    : undefined;
}

const NAME_ONE = "to use a target's account there: codex-hotswap launch NAME";

function apart(line: string, advice = NAME_ONE): HomeLogin {
  return {
    kind: 'apart',
    line,
    alone: `${line}, so codex runs under that, unsupervised; ${advice}`,
  };
}

/** Whether a path is a link to that file, be there such a file or not. */
function leadsTo(path: string, authFile: string): boolean {
  if (!lstatQuietly(path)?.isSymbolicLink()) return false;
  return resolve(dirname(path), readlinkSync(path)) === authFile || isSamePlace(path, authFile);
}

function readFile(file: string): { text: string } | { problem: string } {
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return { problem: 'is a link to nothing' };
    // A pipe would never end.
    if (!stats.isFile()) return { problem: 'is not a file' };
    return { text: readFileSync(file, 'utf8') };
  } catch (error) {
    return { problem: `cannot be read (${errnoOf(error) ?? 'unknown error'})` };
  }
}

function statQuietly(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function lstatQuietly(path: string) {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
