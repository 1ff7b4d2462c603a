import { describeIdentity } from '../../accounts/login.ts';
import { findOwner, readIdentity } from '../../accounts/owner.ts';
import { linkSharedLogin } from '../../accounts/shared-login.ts';
import { listVaults, readTargets, type TargetSnapshot } from '../../accounts/target-snapshot.ts';
import { authFileOf, inspectVault } from '../../accounts/vault.ts';
import { tellVaultHome } from '../../accounts/vault-home.ts';
import type { Config } from '../../state/config.ts';
import { type Context, currentName, findTarget } from '../context.ts';

/**
 * Links the shared home to the login of the current target, so that plain codex, the IDE and the daemon use it. When another
 * login lies there, or a login runs there, nothing is changed, and a line on stderr says so. Does nothing without a target, or
 * when the current target has no login.
 */
export function linkSharedHome(context: Context, config: Config | undefined): void {
  if (config === undefined || config.targets.length === 0) return;
  const { paths, warn } = context;
  const target = findTarget(config, currentName(context, config));
  if (inspectVault(target).kind !== 'ready') return;
  const snapshots = readTargets(paths, config);
  const outcome = linkSharedLogin(paths, authFileOf(target), listVaults(snapshots), {
    asked: true,
  });
  if (outcome.kind === 'login-runs') {
    warn(
      `\`codex login\` runs in this home (pid ${outcome.pid}), so the login of the real Codex was not changed; when it has ended: codex-hotswap use ${target.name}`,
    );
  }
  if (outcome.kind === 'vault-home') {
    const home = tellVaultHome(paths.sharedHome, { name: outcome.vault });
    warn(`${home}; its login was not changed`);
  }
  if (outcome.kind === 'foreign-login') {
    const { words, owner } = describeLogin(outcome.file, snapshots);
    const help =
      owner === undefined
        ? `none of your accounts here has this login; to add it: codex-hotswap import --as ${suggestName(snapshots)}`
        : `the account is that of ${owner}; if ${owner} works without this file, remove the file, then: codex-hotswap use ${target.name}`;
    warn(`${outcome.file} was not changed, and the real Codex uses it: it holds ${words}; ${help}`);
  }
}

/** Whose login is in a file, in words, and the name of the target that has this account. */
export function describeLogin(
  file: string,
  targets: readonly TargetSnapshot[],
): { words: string; owner: string | undefined } {
  const identity = readIdentity(file);
  if (identity === undefined) return { words: 'a login', owner: undefined };
  const owner = findOwner(targets, identity)?.target.name;
  return { words: `the login of ${describeIdentity(identity)}`, owner };
}

/** A target without a login, which could adopt one; else a placeholder. */
function suggestName(snapshots: readonly TargetSnapshot[]): string {
  return snapshots.find(({ vault }) => vault.kind === 'empty')?.target.name ?? 'NAME';
}
