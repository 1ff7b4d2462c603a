import { lstatSync, readFileSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readAuthIdentity } from '../codex/auth-file.ts';
import { refreshedAt } from '../codex/auth-freshness.ts';
import { ensurePrivateDir, replaceFile, timestamp, unusedName } from '../state/files.ts';
import type { Slot } from './slot.ts';

/** A place where a login may belong. */
export interface KnownVault {
  name: string;
  authFile: string;
  /** The identity on record for this target. */
  identity?: { userId: string; accountId: string } | undefined;
}

export type AuthAdoption =
  /** Newer than the vault's: it is the vault's content now. */
  | { kind: 'vaulted'; vault: string }
  /** Older than (or the same as) the vault's, so its refresh token is spent: removed. */
  | { kind: 'outdated'; vault: string }
  /** Nobody's, or not to be judged: kept for the user. */
  | { kind: 'orphaned'; file: string; reason: string };

/**
 * A real auth.json in the slot was written by Codex past our link (a login, an older Codex): it goes to the vault of
 * *its* identity if it is newer, never to the vault the slot happened to point at.
 */
export function adoptAuth(
  slot: Pick<Slot, 'home' | 'number'>,
  vaults: readonly KnownVault[],
  orphansDir: string,
  now: Date,
): AuthAdoption | undefined {
  const path = join(slot.home, 'auth.json');
  if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  const content = readFileSync(path, 'utf8');
  const adoption = place(content, vaults) ?? keepOrphan(content, slot, orphansDir, now);
  unlinkSync(path);
  return adoption;
}

function place(content: string, vaults: readonly KnownVault[]): AuthAdoption | undefined {
  const login = readAuthIdentity(content);
  if ('problem' in login) return undefined;
  const vault = vaults.find(({ authFile, identity }) => {
    const owner = identity ?? readOwner(authFile);
    return owner?.userId === login.userId && owner.accountId === login.accountId;
  });
  if (vault === undefined) return undefined;
  const present = readText(vault.authFile);
  if (present === content) return { kind: 'outdated', vault: vault.name };
  const held = present === undefined ? undefined : readAuthIdentity(present);
  if (held !== undefined && !('problem' in held)) {
    const isSame = held.userId === login.userId && held.accountId === login.accountId;
    if (!isSame) return undefined; // the vault was taken by another account: not ours to overwrite
    if (refreshedAt(login) < refreshedAt(held)) return { kind: 'outdated', vault: vault.name };
    if (refreshedAt(login) === refreshedAt(held)) return undefined;
  }
  replaceFile(vault.authFile, content);
  return { kind: 'vaulted', vault: vault.name };
}

function keepOrphan(
  content: string,
  slot: Pick<Slot, 'number'>,
  orphansDir: string,
  now: Date,
): AuthAdoption {
  ensurePrivateDir(orphansDir);
  const file = unusedName(join(orphansDir, `auth-slot-${slot.number}-${timestamp(now)}.json`));
  replaceFile(file, content);
  const login = readAuthIdentity(content);
  const reason =
    'problem' in login ? 'it does not tell whose login it is' : 'it belongs to no known target';
  return { kind: 'orphaned', file, reason: `${basename(file)}: ${reason}` };
}

function readOwner(authFile: string): { userId: string; accountId: string } | undefined {
  const text = readText(authFile);
  const login = text === undefined ? undefined : readAuthIdentity(text);
  return login === undefined || 'problem' in login ? undefined : login;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
