import { Command } from 'commander';
import { type Installation, installLogin, inUse } from '../../accounts/install-login.ts';
import { describeIdentity } from '../../accounts/login.ts';
import { readTargets } from '../../accounts/target-snapshot.ts';
import { inspectVault } from '../../accounts/vault.ts';
import type { Config, Target } from '../../state/config.ts';
import { type Context, currentName, findTarget, readReconciledConfig } from '../context.ts';
import { isUsed } from '../session/live-sessions.ts';
import { linkSharedHome } from '../set-up/link-shared-home.ts';
import { runCodexLogin } from './login-home.ts';

/** What a new login may take away: the account of the target, or the account from the target that has it. */
interface LoginRights {
  replaceAccount?: boolean;
  move?: boolean;
}

interface LoginOptions extends LoginRights {
  deviceAuth?: boolean;
  withApiKey?: boolean;
}

export function loginCommand(context: Context): Command {
  return new Command('login')
    .description('log in to an account, with Codex itself')
    .argument('<account>', 'its name')
    .argument('[args...]', 'further arguments for `codex login`, after --')
    .option('--device-auth', 'log in with a code; no browser is needed on this machine')
    .option('--with-api-key', 'log in with an API key, read from stdin')
    .option('--replace-account', 'let this name change to another account')
    .option('--move', 'take the account away from the name that has it')
    .addHelpText('after', '\nExample:\n  codex-hotswap login acc2 --device-auth')
    .action(async (name: string, args: string[], options: LoginOptions) => {
      const { deviceAuth, withApiKey, ...rights } = options;
      const config = await readReconciledConfig(context);
      const target = findTarget(config, name);
      // Checked before the login, which could not be installed.
      if (rights.replaceAccount && isUsed(context.paths, target)) throw inUse(target);
      const words = [
        ...(deviceAuth ? ['--device-auth'] : []),
        ...(withApiKey ? ['--with-api-key'] : []),
        ...args,
      ];
      await logIn(context, config, target, words, rights);
    });
}

/**
 * Logs in to a target. `codex login` runs in an empty home, because it revokes the account that it finds in its home (fact 21).
 * The old login of the target is not changed until the new one is there.
 * @param args further arguments for `codex login`.
 * @throws HotswapError as {@link runCodexLogin} and {@link installNewLogin}.
 */
export async function logIn(
  context: Context,
  config: Config,
  target: Target,
  args: readonly string[],
  rights: LoginRights = {},
): Promise<void> {
  await runCodexLogin(context, args, (authContent) =>
    installNewLogin(context, config, target, authContent, rights),
  );
}

/**
 * Installs a new login in the vault of a target, and prints what has changed.
 * @throws HotswapError `login-failed`, `identity-clash`, `in-use`.
 */
export function installNewLogin(
  context: Context,
  config: Config,
  target: Target,
  authContent: string,
  rights: LoginRights = {},
): void {
  const { paths, say, warn } = context;
  const { kind, identity, movedFrom, orphan } = installLogin({
    ...rights,
    paths,
    config,
    snapshots: readTargets(paths, config), // read after the login, which took minutes
    target,
    authContent,
    isUsed: (loser) => isUsed(paths, loser),
  });
  say(`${target.name} ${OUTCOMES[kind]} ${describeIdentity(identity)}`);
  if (movedFrom !== undefined) say(`${movedFrom} has no login any more`);
  if (orphan !== undefined) warn(`the login that ${target.name} had before is kept as ${orphan}`);
  if (currentName(context, config) === target.name) linkSharedHome(context, config);
}

/** The targets that are on and have no login that can be used. */
export function listTargetsWithoutLogin({ targets }: Config): Target[] {
  return targets.filter((target) => target.enabled && inspectVault(target).kind !== 'ready');
}

const OUTCOMES: Record<Installation['kind'], string> = {
  installed: 'is now logged in as',
  renewed: 'is logged in again as',
  'replaced-account': 'is another account now:',
  moved: 'has taken over the account of',
};
