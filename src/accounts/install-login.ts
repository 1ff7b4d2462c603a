import { chmodSync } from 'node:fs';
import { HotswapError } from '../errors.ts';
import type { Config, Target } from '../state/config.ts';
import { ensurePrivateDir, replaceFile } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { clearMarks, recordIdentity } from './account-state.ts';
import { describeIdentity, type Identity, isSameIdentity, readLogin } from './login.ts';
import type { Standing } from './standing.ts';
import { authFileOf } from './vault.ts';

export interface InstallRequest {
  paths: Paths;
  config: Config;
  standings: readonly Standing[];
  /** The target the user logged in for. */
  target: Target;
  /** The text of the new auth.json. */
  authContent: string;
  /** Gives the target to another account than the one it held. */
  replaceAccount?: boolean;
}

export interface Installation {
  kind: 'installed' | 'renewed' | 'replaced-account';
  identity: Identity;
  authFile: string;
}

/**
 * Installs a finished login by its identity: the same account → renewed, an empty target → installed. The old file stays
 * untouched until the new one is complete (one rename). Marks that a new login heals are cleared.
 * @throws HotswapError `identity-clash` when the account is known under another target, or the target belongs to another
 * account; `login-failed` when the content is no login. Nothing is changed then.
 */
export function installLogin(request: InstallRequest): Installation {
  const { paths, standings, target, authContent } = request;
  const read = readLogin(authContent);
  if (read.kind === 'broken') {
    throw new HotswapError('login-failed', `the new login ${read.reason}`, 'log in once more');
  }
  const { identity } = read.login;
  refuseTwin(identity, target, standings);
  const owner = ownerOf(standings.find((standing) => standing.target.name === target.name));
  const isRenewal = owner !== undefined && isSameIdentity(owner, identity);
  if (owner !== undefined && !isRenewal && !request.replaceAccount) {
    throw new HotswapError(
      'identity-clash',
      `you logged in as ${describeIdentity(identity)}, but ${target.name} is ${describeIdentity(owner)}`,
      'give the new account a target of its own, or log in with the account of this target',
    );
  }
  ensurePrivateDir(target.vault);
  chmodSync(target.vault, 0o700);
  const authFile = authFileOf(target);
  replaceFile(authFile, authContent);
  recordIdentity(paths, target.name, identity);
  clearMarks(paths, target.name, isRenewal ? ['needs-login'] : undefined);
  const kind = isRenewal ? 'renewed' : owner === undefined ? 'installed' : 'replaced-account';
  return { kind, identity, authFile };
}

function refuseTwin(identity: Identity, target: Target, standings: readonly Standing[]): void {
  const twin = standings.find((standing) => {
    const owner = standing.target.name === target.name ? undefined : ownerOf(standing);
    return owner !== undefined && isSameIdentity(owner, identity);
  });
  if (twin === undefined) return;
  throw new HotswapError(
    'identity-clash',
    `${describeIdentity(identity)} is already the account of ${twin.target.name}, so ${target.name} was left as it was`,
    `log in with another account, or use: codex-hotswap login ${twin.target.name}`,
  );
}

// What the vault holds counts; an empty or unreadable vault still belongs to the account on record.
function ownerOf(standing: Standing | undefined): Identity | undefined {
  if (standing === undefined) return undefined;
  return standing.vault.kind === 'ready' ? standing.vault.identity : standing.state.identity;
}
