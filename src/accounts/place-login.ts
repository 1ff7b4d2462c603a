import { attempt } from '../state/attempt.ts';
import { blockForLock, type Lock } from '../state/lock.ts';
import { compareLogins } from './compare-logins.ts';
import { discardLogin } from './credential/discard.ts';
import { linkLogin } from './credential/link.ts';
import { putLogin } from './credential/put.ts';
import { readCredential } from './credential/read.ts';
import { keepLoginOnce } from './keep-login.ts';
import { type Identity, readLogin } from './login.ts';
import { findVault } from './owner.ts';

/** A vault that a login may belong to. */
export interface KnownVault {
  name: string;
  authFile: string;
  /** The account on record; without a record, the account of the login in the vault counts (see owner.ts). */
  identity?: Pick<Identity, 'userId' | 'accountId'> | undefined;
  /** The lock of the account. */
  lock?: string;
}

export type Placement =
  /** The login was newer than the vault's login, and is in the vault now. */
  | { kind: 'vaulted'; vault: string }
  /** The vault has the same login, or a newer one: then the refresh token of this login is spent (fact 15). */
  | { kind: 'outdated'; vault: string; isSame: boolean }
  /** No target has the account, or we cannot tell which login is newer. */
  | { kind: 'unplaced'; reason: string; isAnothers?: true; isUnclear?: true };

/** The possible places of a login that was found outside of a vault. */
export interface Refuge {
  vaults: readonly KnownVault[];
  /** For the older one of two logins, and for a login of no vault. */
  orphansDir: string;
  now: Date;
  /** A part of the file name for a login of no vault. Without it, such a login stays at its place. */
  label?: string;
}

/** Copies the text of a replaced login. @returns the file with the copy. */
type Keep = (loser: string, vault: string) => string;

/**
 * Puts a login into the vault of its account, if it is newer than the vault's login. The login may come from any place: the
 * place does not tell the account.
 * @param keep gets the text of the older login, which may still work.
 */
export function placeLogin(content: string, vaults: readonly KnownVault[], keep: Keep): Placement {
  const found = findVaultFor(content, vaults);
  if (!('authFile' in found)) return found;
  const held = takeLock(found);
  if (held === undefined) return tellBusy(found);
  try {
    return placeUnderLock(content, found, keep);
  } finally {
    held.release();
  }
}

/**
 * Moves a regular auth.json to the vault of its account, and makes a link in its place, or nothing. Takes the account's lock
 * before it reads the file, because another program may refresh the token while we wait.
 * @param linkTo returns the target of the link, for the vault that has the login now.
 * @returns undefined when there is no such file.
 * @throws what linkLogin and discardLogin throw.
 */
export function absorbLogin(
  file: string,
  { vaults, orphansDir, now, label }: Refuge,
  linkTo?: (vault: KnownVault) => string,
): (Placement & { orphan?: string }) | undefined {
  const keep = once((text, name) => keepLoginOnce(orphansDir, name, text, now));
  const orphan = once((text, name) => keepLoginOnce(orphansDir, name, text, now));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const text = readCredential(file)?.text;
    if (text === undefined) return undefined;
    const found = findVaultFor(text, vaults);
    const vault = 'authFile' in found ? found : undefined;
    const held = vault && takeLock(vault);
    let placement: Placement = vault === undefined ? (found as Placement) : tellBusy(vault);
    let kept: string | undefined;
    const place = (content: string) => {
      if (vault !== undefined && held !== undefined) {
        const next = placeUnderLock(content, vault, keep);
        // `place` is called again before the file is removed. Then the vault has the login already.
        if (placement.kind !== 'vaulted' || next.kind === 'unplaced') placement = next;
        if (next.kind !== 'unplaced') return vault.authFile;
      }
      kept = label === undefined ? undefined : orphan(content, label);
      return kept;
    };
    try {
      const outcome =
        linkTo === undefined || vault === undefined
          ? discardLogin(file, place)
          : linkLogin(file, linkTo(vault), place);
      if (outcome === 'already') return undefined;
      const isAnothers = placement.kind === 'unplaced' && placement.isAnothers;
      if (outcome === 'gone' || (outcome === 'left' && isAnothers)) continue;
      return kept === undefined ? placement : { ...placement, orphan: kept };
    } finally {
      held?.release();
    }
  }
  return { kind: 'unplaced', reason: 'another program is writing it' };
}

/** Longer than a refresh takes. Codex up to 0.160 writes the refreshed token over every login in the file (fact 12). */
const LOCK_MS = 10_000;
const ATTEMPTS = 5;

function takeLock({ lock }: KnownVault): Pick<Lock, 'release'> | undefined {
  return lock === undefined ? { release: () => undefined } : blockForLock(lock, LOCK_MS);
}

function tellBusy({ name }: KnownVault): Placement {
  return { kind: 'unplaced', reason: `the login of ${name} is being refreshed` };
}

function findVaultFor(content: string, vaults: readonly KnownVault[]): KnownVault | Placement {
  const read = readLogin(content);
  if (read.kind === 'broken') return { kind: 'unplaced', reason: `the login ${read.reason}` };
  const vault = findVault(read.login.identity, vaults);
  return vault ?? { kind: 'unplaced', reason: 'it is the login of no known account' };
}

/** A text that is read several times is kept once. */
function once(keep: Keep): Keep {
  const files = new Map<string, string>();
  return (text, name) => {
    const file = files.get(text) ?? keep(text, name);
    files.set(text, file);
    return file;
  };
}

/** The caller holds the lock of the account. */
function placeUnderLock(content: string, vault: KnownVault, keep: Keep): Placement {
  const { name, authFile } = vault;
  const read = readLogin(content);
  if (read.kind === 'broken') return { kind: 'unplaced', reason: `the login ${read.reason}` };
  if (findVault(read.login.identity, [vault]) === undefined) {
    return { kind: 'unplaced', reason: `it is not of the account of ${name}`, isAnothers: true };
  }
  const present = attempt(() => readCredential(authFile)?.text) ?? '';
  const held = readLogin(present);
  if (held.kind === 'login') {
    switch (compareLogins(content, present)) {
      case 'strange':
        return { kind: 'unplaced', reason: `${name} now holds another account` };
      case 'unclear':
        return {
          kind: 'unplaced',
          reason: `it is not clear whether the login of ${name} is newer`,
          isUnclear: true,
        };
      case 'older':
        keep(content, name);
        return { kind: 'outdated', vault: name, isSame: false };
      case 'same':
        // The vault's file may be a hard link of the file that the caller removes. So the vault gets a file of its own.
        putLogin(authFile, present, () => undefined);
        return { kind: 'outdated', vault: name, isSame: true };
    }
  }
  putLogin(authFile, content, (loser) => keep(loser, name));
  return { kind: 'vaulted', vault: name };
}
