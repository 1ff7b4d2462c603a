import { readRegularFile } from '../regular-file.ts';
import type { Config } from '../state/config.ts';
import { readCredential } from './credential/read.ts';
import { type Identity, identityIn, isSameIdentity } from './login.ts';
import type { KnownVault } from './place-login.ts';
import type { TargetSnapshot } from './target-snapshot.ts';
import { inspectVault } from './vault.ts';

// Whose account is this? Every such question is answered in this file, from two facts. The vault's auth.json says whose
// login the vault holds now. The target's record says whose account the target is: it is written when we put a login there.
// A target without a record is the account that its vault holds. Where the two differ, another program has written its
// own login through a link. That login is foreign: the target keeps its account, and the login waits to be moved out.

/** The account of a ready vault, and the account on record. */
type Facts = Pick<TargetSnapshot, 'vault' | 'state'>;

/** A target whose vault holds the login of another account. */
export type TargetWithForeignLogin = TargetSnapshot & {
  vault: Extract<TargetSnapshot['vault'], { kind: 'ready' }>;
};

/** Whether another program has written the login of another account into this vault: an IDE, say, through a link. */
export function holdsForeignLogin(target: TargetSnapshot): target is TargetWithForeignLogin {
  return isForeign(target);
}

function isForeign({ vault, state }: Facts): boolean {
  return (
    vault.kind === 'ready' &&
    state.identity !== undefined &&
    !isSameIdentity(vault.identity, state.identity)
  );
}

/** Whose account a target is; e-mail and plan are those of its newest login. Undefined before its first login. */
export function ownerOf({ vault, state }: Facts): Identity | undefined {
  const isOwn = vault.kind === 'ready' && !isForeign({ vault, state });
  return isOwn ? vault.identity : state.identity;
}

/** The target whose account this is. */
export function findOwner<Target extends Facts>(
  targets: readonly Target[],
  identity: Identity,
): Target | undefined {
  return targets.find((target) => isAccountOf(target, identity));
}

/** Whether this is the account of the target. */
export function isAccountOf(target: Facts, identity: Identity): boolean {
  const owner = ownerOf(target);
  return owner !== undefined && isSameIdentity(owner, identity);
}

/** {@link findOwner} among vaults. A vault without a record is read now: its login may have come after the snapshot. */
export function findVault(
  identity: Pick<Identity, 'userId' | 'accountId'>,
  vaults: readonly KnownVault[],
): KnownVault | undefined {
  return vaults.find((vault) => {
    const owner = vault.identity ?? readVaultIdentity(vault.authFile);
    return owner !== undefined && isSameIdentity(owner, identity);
  });
}

/** Whose login a target's vault holds now, foreign or not: the account that a session under this target works with. */
export function readHeldIdentity({ targets }: Config, name: string): Identity | undefined {
  const target = targets.find((candidate) => candidate.name === name);
  const vault = target && inspectVault(target);
  return vault?.kind === 'ready' ? vault.identity : undefined;
}

/** Whose login a file holds, by whatever link it is reached; undefined where none can be read. */
export function readIdentity(file: string): Identity | undefined {
  try {
    return identityIn(readRegularFile(file).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Whether another program has written a foreign login into this vault since it was listed, or before. */
export function vaultHoldsForeignLogin({ identity, authFile }: KnownVault): boolean {
  if (identity === undefined) return false;
  const held = readVaultIdentity(authFile);
  return held !== undefined && !isSameIdentity(held, identity);
}

/** The same for an auth.json that must be no link. */
function readVaultIdentity(authFile: string): Identity | undefined {
  try {
    return identityIn(readCredential(authFile)?.text ?? '');
  } catch {
    return undefined;
  }
}
