import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { removeAccountState } from '../../accounts/account-state.ts';
import { readCredential } from '../../accounts/credential/read.ts';
import { writeCurrent } from '../../accounts/current.ts';
import { listHomesWithLink } from '../../accounts/last-link.ts';
import { KEPT_DAYS, keepRemoved } from '../../accounts/removed-logins.ts';
import { unlinkSharedLogin } from '../../accounts/shared-login.ts';
import { accountLock, readTargets } from '../../accounts/target-snapshot.ts';
import { authFileOf } from '../../accounts/vault.ts';
import { HotswapError } from '../../errors.ts';
import { toShellWord } from '../../shell-word.ts';
import type { Config, Target } from '../../state/config.ts';
import { updateConfig } from '../../state/config-store.ts';
import { awaitLock } from '../../state/lock.ts';
import { type Rule, shortenPath } from '../../state/rules.ts';
import { type Context, currentName, findTarget, readReconciledConfig } from '../context.ts';
import { confirm } from '../prompts.ts';
import { refuseWhileUsed } from '../session/live-sessions.ts';
import { linkSharedHome } from '../set-up/link-shared-home.ts';
import { tellStart } from './next-start.ts';
import { hasLogin, keepSharedVault, listFirstNames, removeVault } from './remove-vault.ts';

export function removeCommand(context: Context): Command {
  return new Command('remove')
    .alias('forget')
    .description('forget an account and its login; it is not logged out')
    .argument('<account>', 'its name')
    .option('--force', 'also while a session runs under it')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  codex-hotswap remove acc3 --yes')
    .action(async (name: string, options: { force?: boolean; yes?: boolean }) => {
      const config = await readReconciledConfig(context);
      const target = findTarget(config, name);
      if (!options.force) refuseWhileUsed(context.paths, target, 'remove it');
      refuseLastOfRule(context, config, name);
      const question = `Forget ${name}? Its login is kept for ${KEPT_DAYS} days, then deleted.`;
      if (!options.yes && hasLogin(target))
        await confirm(question, `removing the login of ${name}`);
      await forgetTarget(context, config, target);
    });
}

/**
 * Forgets a target. It takes the account's lock and copies the login to orphans/; when that fails, nothing is changed. Then it
 * changes the configuration, so that no session chooses the target, and removes the vault.
 * @throws HotswapError `in-use` while the login is refreshed; `usage` when a rule has no other account.
 */
export async function forgetTarget(
  context: Context,
  config: Config,
  target: Target,
): Promise<void> {
  const { paths, say } = context;
  refuseLastOfRule(context, config, target.name);
  const wasCurrent = currentName(context, config) === target.name;
  const { rest, left, kept } = await underLock(context, target, async () => {
    const others = config.targets.filter(({ name }) => name !== target.name);
    const stays = keepSharedVault(paths, target, others);
    const keep = keepRemoved(paths.orphansDir, target.name, context.now);
    const held = stays === undefined ? readCredential(authFileOf(target)) : undefined;
    const file = held === undefined ? undefined : keep(held.text);
    const rest = await updateConfig(paths, (before) => ({
      ...before,
      targets: before.targets.filter(({ name }) => name !== target.name),
      rules: before.rules.map((rule) => withoutTarget(rule, target.name)),
    }));
    return { rest, kept: file, left: stays ?? removeVault(target.vault, keep) };
  });
  const [first] = rest.targets;
  if (first !== undefined && wasCurrent) writeCurrent(paths, first.name);
  removeAccountState(paths, target.name);
  // A link that leads nowhere is, for plain codex, a login that cannot be read.
  for (const sharedHome of new Set([paths.sharedHome, ...listHomesWithLink(paths)])) {
    if (!existsSync(join(sharedHome, 'auth.json'))) unlinkSharedLogin({ ...paths, sharedHome });
  }
  linkSharedHome(context, rest);

  say(`${target.name} is forgotten; its account was not logged out`);
  if (kept !== undefined) say(`its login is kept for ${KEPT_DAYS} days: ${kept}`);
  if (left.length > 0) say(`${target.vault} is kept, because it holds ${listFirstNames(left)}`);
  if (first !== undefined && wasCurrent) {
    const targets = readTargets(paths, rest);
    say(tellStart({ config: rest, targets, current: first.name, now: context.now }, ''));
  }
  for (const rule of config.rules) {
    if (!rule.targets.includes(target.name)) continue;
    const { path, targets } = withoutTarget(rule, target.name);
    say(`the rule for ${shortenPath(path, paths.home)} allows only ${targets.join(', ')} now`);
  }
}

/** A rule without accounts would be no rule, so sessions there would use every account. */
function refuseLastOfRule({ paths }: Context, { rules }: Config, name: string): void {
  const rule = rules.find(({ targets }) => targets.length === 1 && targets[0] === name);
  if (rule === undefined) return;
  throw new HotswapError(
    'usage',
    `${name} is the only account of the rule for ${shortenPath(rule.path, paths.home)}`,
    `first run: codex-hotswap rule remove ${toShellWord(rule.path)}`,
  );
}

/** A rule never becomes empty. An account that is its last one stays, and a launch refuses the rule. */
function withoutTarget(rule: Rule, target: string): Rule {
  const targets = rule.targets.filter((name) => name !== target);
  return targets.length === 0 ? rule : { ...rule, targets };
}

/** Waits for the account's lock first, because a running refresh still writes its new token into the vault. */
async function underLock<T>(
  { paths }: Context,
  { name }: Target,
  act: () => Promise<T>,
): Promise<T> {
  const lock = await awaitLock(accountLock(paths, name), LOCK_MS);
  if (lock === undefined) {
    throw new HotswapError(
      'in-use',
      `the login of ${name} is being refreshed`,
      'try again in a moment',
    );
  }
  try {
    return await act();
  } finally {
    lock.release();
  }
}

/** Longer than a refresh takes. */
const LOCK_MS = 10_000;
