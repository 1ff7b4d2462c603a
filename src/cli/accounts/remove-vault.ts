import { lstatSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAsNew } from '../../accounts/compare-logins.ts';
import {
  deleteLogin,
  discardLogin,
  type SaveElsewhere,
} from '../../accounts/credential/discard.ts';
import { readCredential } from '../../accounts/credential/read.ts';
import { LAST_GOOD, lastGoodOf } from '../../accounts/last-good.ts';
import { readLogin } from '../../accounts/login.ts';
import { authFileOf } from '../../accounts/vault.ts';
import { isSamePlace, vaultOfHome } from '../../accounts/vault-home.ts';
import type { Target } from '../../state/config.ts';
import { isTemporaryName, listNames } from '../../state/files.ts';
import type { Paths } from '../../state/paths.ts';

/**
 * Removes the login from a vault, and the vault itself when it is empty then.
 * @param keep saves the login elsewhere first; without it the login is deleted.
 * @returns the names of the entries that stay, because they are the user's.
 */
export function removeVault(vault: string, keep?: SaveElsewhere): string[] {
  const names = listNames(vault).sort(); // auth.json comes before its copy
  const isOurs = (name: string) => isLoginFile(name) && !isDirectory(join(vault, name));
  const others = names.filter((name) => !isOurs(name));
  for (const name of names.filter(isOurs)) {
    const file = join(vault, name);
    const text = readCredential(file)?.text ?? '';
    const mustKeep = name === 'auth.json' ? text !== '' : readLogin(text).kind === 'login';
    if (keep !== undefined && mustKeep) discardLogin(file, keep);
    else deleteLogin(file);
  }
  if (names.length > 0 && others.length === 0) rmdirSync(vault);
  return others;
}

/**
 * Finds out whether a vault must stay, because it is not the target's own: it is a Codex home of this user or of this command,
 * the vault of another target by another path, or a link. From a Codex home our copy of the login is removed.
 * @returns what the vault holds, in words; undefined for the target's own vault, which may be removed.
 */
export function keepSharedVault(
  { home, sharedHome }: Paths,
  target: Target,
  others: readonly Target[],
): string[] | undefined {
  const { vault } = target;
  const twin = vaultOfHome(vault, others);
  if (twin !== undefined) return [`the login of ${twin.name}`];
  if (isSamePlace(vault, sharedHome) || isSamePlace(vault, join(home, '.codex'))) {
    discardCopy(lastGoodOf(authFileOf(target)), target);
    return ['the login of a Codex home'];
  }
  const isLink = lstatSync(vault, { throwIfNoEntry: false })?.isSymbolicLink();
  return isLink ? ['the login that the link leads to'] : undefined;
}

/** Removes a copy of a login. The copy stays when the vault has neither this login nor a newer one. */
export function discardCopy(file: string, target: Target): void {
  const authFile = authFileOf(target);
  discardLogin(file, (text) =>
    isAsNew(readCredential(authFile)?.text ?? '', text) ? authFile : undefined,
  );
}

/** Whether a vault has a login, or our copy of one. */
export function hasLogin({ vault }: Pick<Target, 'vault'>): boolean {
  return listNames(vault).some((name) => name === 'auth.json' || name === LAST_GOOD);
}

/** The credential file, our copy of it, Codex's lock (fact 12), and the temporary files of Codex and of us. */
function isLoginFile(name: string): boolean {
  return (
    name === 'auth.json' ||
    name === LAST_GOOD ||
    name === 'auth.json.lock' ||
    name.startsWith('.auth-') ||
    isTemporaryName(name)
  );
}

/** The first five of some names, for a line. */
export function listFirstNames(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const MOST_NAMES = 5;

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
