import { describeIdentity } from '../../accounts/login.ts';
import { findOwner, readIdentity } from '../../accounts/owner.ts';
import { linkSharedLogin } from '../../accounts/shared-login.ts';
import { listVaults, readTargets, type TargetSnapshot } from '../../accounts/target-snapshot.ts';
import { authFileOf, inspectVault } from '../../accounts/vault.ts';
import { tellVaultHome } from '../../accounts/vault-home.ts';
import type { Config, Target } from '../../state/config.ts';
import type { Context } from '../context.ts';

/**
 * Lets the plain codex of this home (the IDE, the daemon) use the same login, if no login is lost
 * by that. An unknown login stays where it is and is reported.
 */
export function linkSharedHomeFor(context: Context, config: Config, target: Target): void {
  const { paths, warn } = context;
  if (inspectVault(target).kind !== 'ready') return;
  const snapshots = readTargets(paths, config);
  const outcome = linkSharedLogin(paths, authFileOf(target), listVaults(snapshots), {
    asked: true,
  });
  if (outcome.kind === 'login-runs') {
    warn(
      `plain codex is being logged in (codex login, pid ${outcome.pid}), so its login was left alone; when that is done: codex-hotswap use ${target.name}`,
    );
  }
  if (outcome.kind === 'vault-home') {
    warn(
      `${tellVaultHome(paths.sharedHome, { name: outcome.vault })}; its login was left as it is`,
    );
  }
  if (outcome.kind !== 'foreign-login') return;
  const { words, owner } = describeLogin(outcome.file, snapshots);
  const help =
    owner === undefined
      ? `of no target; to adopt it: codex-hotswap import --as ${suggestName(snapshots)}`
      : `of the account of ${owner}; if ${owner} works without it, remove the file, then: codex-hotswap use ${target.name}`;
  warn(
    `${outcome.file} was left alone, so plain codex goes on under it: it holds ${words} ${help}`,
  );
}

/** The login in a file, in words, and the name of the target whose account it is. */
export function describeLogin(
  file: string,
  targets: readonly TargetSnapshot[],
): { words: string; owner: string | undefined } {
  const identity = readIdentity(file);
  if (identity === undefined) return { words: 'a login', owner: undefined };
  const owner = findOwner(targets, identity)?.target.name;
  return { words: `the login of ${describeIdentity(identity)}`, owner };
}

function suggestName(snapshots: readonly TargetSnapshot[]): string {
  return snapshots.find(({ vault }) => vault.kind === 'empty')?.target.name ?? 'NAME';
}
