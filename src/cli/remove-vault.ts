import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, isTemporaryName } from '../state/files.ts';

/**
 * Removes the login from a vault, and the vault if nothing else is in it.
 * @returns the names of what else is in it: the user's, so it stays.
 */
export function removeVault(vault: string): string[] {
  const names = listNames(vault);
  const others = names.filter((name) => !isOfLogin(name));
  for (const name of names.filter(isOfLogin)) rmSync(join(vault, name), { force: true });
  if (names.length > 0 && others.length === 0) rmdirSync(vault);
  return others;
}

/** The credential file, Codex's lock beside it (fact 1.3), its and our temporary files. */
function isOfLogin(name: string): boolean {
  return (
    name === 'auth.json' ||
    name === 'auth.json.lock' ||
    name.startsWith('.auth-') ||
    isTemporaryName(name)
  );
}

function listNames(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
