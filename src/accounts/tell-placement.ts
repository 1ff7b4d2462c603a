import { describeIdentity, type Identity } from './login.ts';
import type { Placement } from './place-login.ts';
import type { TargetSnapshot } from './target-snapshot.ts';

/**
 * What was in the place of the link, for the user: a login of the account that was there. A copy of the vault's login is no
 * news. Nothing is told of a file that is still to be moved, because the next command moves it.
 */
export function tellReplacedLink(
  placed: Placement | undefined,
  { target: { name }, vault }: TargetSnapshot,
  file: string,
): string[] {
  switch (placed?.kind) {
    case 'vaulted': {
      const login = vault.kind === 'ready' ? 'a newer login' : 'a login';
      return [`${file} was ${login} of ${name} in the place of the link; ${name} has it now`];
    }
    case 'outdated':
      if (placed.isSame) return [];
      return [
        `another program has put an older login of ${name} in the place of the link ${file}; ${name} keeps its newer one, and the link was put back`,
      ];
    default:
      return isUnclear(placed) ? [tellUnclear(name, file)] : [];
  }
}

/** The same for a login of another account. @param owner the target that has this account. */
export function tellOtherAccount(
  placed: Placement | undefined,
  newcomer: Identity,
  owner: TargetSnapshot | undefined,
  file: string,
): string[] {
  const start = `the real Codex is logged in as ${describeIdentity(newcomer)}`;
  if (owner === undefined) {
    return [
      `${start}, which is none of your accounts here; to add it: codex-hotswap import --as NAME`,
    ];
  }
  const { name } = owner.target;
  if (placed?.kind === 'vaulted') return [`${start}; ${name} has that login now`];
  if (placed?.kind === 'outdated') return [`${start}, the account of ${name}`];
  return isUnclear(placed) ? [tellUnclear(name, file)] : [];
}

/** Nothing tells which login is newer, so the file stays. The next command does not say that again. */
export function isUnclear(placed: Placement | undefined): boolean {
  return placed?.kind === 'unplaced' && placed.isUnclear === true;
}

function tellUnclear(name: string, file: string): string {
  return `${file} has another login of ${name}, and nothing tells which of the two is newer, so both stay; to use that login for ${name}: codex-hotswap import`;
}
