import { type Identity, isSameIdentity, readLogin } from '../../accounts/login.ts';
import type { TargetSnapshot } from '../../accounts/target-snapshot.ts';
import { readRegularFile } from '../../regular-file.ts';

/** The target whose account this is: by what its vault holds, else by the record. */
export function findOwner(
  standings: readonly TargetSnapshot[],
  identity: Identity,
): TargetSnapshot | undefined {
  return standings.find(({ vault, state }) => {
    const owner = vault.kind === 'ready' ? vault.identity : state.identity;
    return owner !== undefined && isSameIdentity(owner, identity);
  });
}

/** The name of the target whose account the login in a file is. */
export function nameOwner(file: string, standings: readonly TargetSnapshot[]): string | undefined {
  try {
    const read = readLogin(readRegularFile(file).toString('utf8'));
    return read.kind === 'login'
      ? findOwner(standings, read.login.identity)?.target.name
      : undefined;
  } catch {
    return undefined;
  }
}
