import { readTextQuietly } from '../regular-file.ts';
import { attempt } from '../state/attempt.ts';
import type { Config } from '../state/config.ts';
import { readCredential } from './credential/read.ts';
import { type Identity, identityIn, isSameIdentity } from './login.ts';
import type { KnownVault } from './place-login.ts';
import type { TargetSnapshot } from './target-snapshot.ts';
import { inspectVault } from './vault.ts';

// This file answers every question about the account of a login, from two facts. The vault's auth.json has the account of the
// login in the vault. The target's record has the account of the target: we write it when we put a login into the vault. A
// target without a record has the account of the login in its vault. When the two accounts differ, another program has
// written its login through a link. That login is foreign: the target keeps its account, and the login is moved out later.

/** The vault and the record of a target. */
type Facts = Pick<TargetSnapshot, 'vault' | 'state'>;

type WithReadyVault = { vault: Extract<TargetSnapshot['vault'], { kind: 'ready' }> };

/** A target whose vault has the login of another account. */
export type TargetWithForeignLogin = TargetSnapshot & WithReadyVault;

/** Whether another program (such as an IDE) has written the login of another account into this vault. */
export function holdsForeignLogin<Target extends Facts>(
  target: Target,
): target is Target & WithReadyVault {
  const { vault, state } = target;
  return (
    vault.kind === 'ready' &&
    state.identity !== undefined &&
    !isSameIdentity(vault.identity, state.identity)
  );
}

/** The account of a target, with e-mail and plan of its newest login. Undefined before its first login. */
export function ownerOf(target: Facts): Identity | undefined {
  const { vault, state } = target;
  return vault.kind === 'ready' && !holdsForeignLogin(target) ? vault.identity : state.identity;
}

/** The target that has this account. */
export function findOwner<Target extends Facts>(
  targets: readonly Target[],
  identity: Identity,
): Target | undefined {
  return targets.find((target) => isAccountOf(target, identity));
}

/** Whether the target has this account. */
export function isAccountOf(target: Facts, identity: Identity): boolean {
  const owner = ownerOf(target);
  return owner !== undefined && isSameIdentity(owner, identity);
}

/** {@link findOwner} among vaults. Reads a vault without a record now: its login may be newer than the snapshot. */
export function findVault(
  identity: Pick<Identity, 'userId' | 'accountId'>,
  vaults: readonly KnownVault[],
): KnownVault | undefined {
  return vaults.find((vault) => {
    const owner = vault.identity ?? readVaultIdentity(vault.authFile);
    return owner !== undefined && isSameIdentity(owner, identity);
  });
}

/** The account of the login in a target's vault, foreign or not: a session under this target works with that account. */
export function readHeldIdentity({ targets }: Config, name: string): Identity | undefined {
  const target = targets.find((candidate) => candidate.name === name);
  const vault = target && inspectVault(target);
  return vault?.kind === 'ready' ? vault.identity : undefined;
}

/** The account of the login in a file. Follows links. Undefined when no login can be read. */
export function readIdentity(file: string): Identity | undefined {
  return identityIn(readTextQuietly(file));
}

/** Whether this vault has a foreign login now. */
export function vaultHoldsForeignLogin({ identity, authFile }: KnownVault): boolean {
  if (identity === undefined) return false;
  const held = readVaultIdentity(authFile);
  return held !== undefined && !isSameIdentity(held, identity);
}

/** The account of the login in a vault's auth.json, which must be no link. */
function readVaultIdentity(authFile: string): Identity | undefined {
  return identityIn(attempt(() => readCredential(authFile)?.text) ?? '');
}
