import { readFileSync } from 'node:fs';
import { replaceFile } from '../state/files.ts';
import { blockForLock } from '../state/lock.ts';
import { type Identity, isSameIdentity, type Login, readLogin } from './login.ts';

/** A place where a login may belong. */
export interface KnownVault {
  name: string;
  authFile: string;
  /** The identity on record for this target; without it the vault's own content tells. */
  identity?: Pick<Identity, 'userId' | 'accountId'> | undefined;
  /** The lock of the account. */
  lock?: string;
}

export type Placement =
  /** It was newer than the vault's and is the vault's content now. */
  | { kind: 'vaulted'; vault: string }
  /** Older than the vault's, or the same: its refresh token is spent (they rotate, fact 1.4). */
  | { kind: 'outdated'; vault: string }
  /** Nobody's, or not to be judged. */
  | { kind: 'unplaced'; reason: string };

/**
 * Puts a login that was found somewhere into the vault of *its* identity, if it is newer than what is there.
 * The place where it was found says nothing about whose it is.
 * @param keep takes the text of the older of two: it may be a login that still works.
 */
export function placeLogin(
  content: string,
  vaults: readonly KnownVault[],
  keep?: (loser: string, vault: string) => void,
): Placement {
  const read = readLogin(content);
  if (read.kind === 'broken') return { kind: 'unplaced', reason: `the login ${read.reason}` };
  const vault = findVault(read.login.identity, vaults);
  if (vault === undefined) return { kind: 'unplaced', reason: 'it belongs to no known target' };
  return holdingLock(
    vault,
    () => compareAndPlace(content, read.login, vault, keep),
    () => ({
      kind: 'unplaced',
      reason: `${vault.name} is being refreshed`,
    }),
  );
}

// Longer than a refresh takes. Codex up to 0.160 writes what it got over whatever it finds (fact 1.3).
const LOCK_MS = 10_000;

function holdingLock<T>({ lock }: KnownVault, act: () => T, refused: () => T): T {
  if (lock === undefined) return act();
  const held = blockForLock(lock, LOCK_MS);
  if (held === undefined) return refused();
  try {
    return act();
  } finally {
    held.release();
  }
}

function compareAndPlace(
  content: string,
  { identity, issuedAt }: Login,
  vault: KnownVault,
  keep: ((loser: string, vault: string) => void) | undefined,
): Placement {
  const present = readText(vault.authFile);
  if (present === content) return { kind: 'outdated', vault: vault.name };
  const held = readLogin(present ?? '');
  if (held.kind === 'login') {
    if (!isSameIdentity(held.login.identity, identity)) {
      return { kind: 'unplaced', reason: `${vault.name} now holds another account` };
    }
    if (issuedAt < held.login.issuedAt) {
      keep?.(content, vault.name);
      return { kind: 'outdated', vault: vault.name };
    }
    if (issuedAt === held.login.issuedAt) {
      return {
        kind: 'unplaced',
        reason: `it cannot be told whether that of ${vault.name} is newer`,
      };
    }
  }
  if (held.kind === 'login' && present !== undefined) keep?.(present, vault.name);
  replaceFile(vault.authFile, content);
  return { kind: 'vaulted', vault: vault.name };
}

/** The vault of an account: by the identity on record, else by what it holds. */
export function findVault(
  identity: Pick<Identity, 'userId' | 'accountId'>,
  vaults: readonly KnownVault[],
): KnownVault | undefined {
  return vaults.find((candidate) => {
    const owner = candidate.identity ?? ownerOf(candidate.authFile);
    return owner !== undefined && isSameIdentity(owner, identity);
  });
}

function ownerOf(authFile: string): Identity | undefined {
  const read = readLogin(readText(authFile) ?? '');
  return read.kind === 'login' ? read.login.identity : undefined;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
