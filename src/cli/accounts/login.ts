import { Command } from 'commander';
import { type Installation, installLogin, inUse } from '../../accounts/install-login.ts';
import { describeIdentity } from '../../accounts/login.ts';
import { readTargets } from '../../accounts/target-snapshot.ts';
import type { Config, Target } from '../../state/config.ts';
import { type Context, currentName, findTarget, readReconciledConfig } from '../context.ts';
import { isUsed } from '../session/live-sessions.ts';
import { linkSharedHomeFor } from '../set-up/link-shared-home.ts';
import { runCodexLogin } from './login-home.ts';

interface LoginOptions {
  /** Further words for `codex login`. */
  args: string[];
  replaceAccount?: boolean;
  move?: boolean;
}

export function loginCommand(context: Context): Command {
  return new Command('login')
    .description('log in to the account of a target, with Codex itself')
    .argument('<target>', 'its name')
    .argument('[args...]', 'words for `codex login`, after --')
    .option('--device-auth', 'log in with a code, without a browser here')
    .option('--with-api-key', 'log in with an API key, read from stdin')
    .option('--replace-account', 'let the target become another account than it was')
    .option('--move', 'take the account away from the target that has it')
    .addHelpText('after', '\nExample:\n  codex-hotswap login acc2 --device-auth')
    .action(async (name: string, args: string[], options: CommandOptions) => {
      const config = await readReconciledConfig(context);
      const target = findTarget(config, name);
      const { replaceAccount = false, move = false } = options;
      // Asked before the login, which would be for nothing.
      if (replaceAccount && isUsed(context.paths, target)) throw inUse(target);
      await logIn(context, config, target, { args: wordsOf(options, args), replaceAccount, move });
    });
}

interface CommandOptions {
  deviceAuth?: boolean;
  withApiKey?: boolean;
  replaceAccount?: boolean;
  move?: boolean;
}

function wordsOf({ deviceAuth, withApiKey }: CommandOptions, args: string[]): string[] {
  return [
    ...(deviceAuth ? ['--device-auth'] : []),
    ...(withApiKey ? ['--with-api-key'] : []),
    ...args,
  ];
}

/**
 * Logs in to a target. `codex login` runs in an empty home of its own, because in a used one it revokes the account that is
 * stored there (fact 21). The login that it leaves is installed by identity. The old login stays untouched until then.
 * @throws HotswapError `login-failed`, `identity-clash`, `codex-not-found`.
 */
export async function logIn(
  context: Context,
  config: Config,
  target: Target,
  { args, ...options }: LoginOptions,
): Promise<void> {
  await runCodexLogin(context, args, (authContent) =>
    takeIn(context, config, target, authContent, options),
  );
}

/** Installs a finished login and says what became of it. @throws HotswapError `login-failed`, `identity-clash`. */
export function takeIn(
  context: Context,
  config: Config,
  target: Target,
  authContent: string,
  { replaceAccount = false, move = false }: Omit<LoginOptions, 'args'> = {},
): void {
  const { paths, say, warn } = context;
  const snapshots = readTargets(paths, config); // read after the login, which took a while
  const installation = installLogin({
    paths,
    config,
    snapshots,
    target,
    authContent,
    replaceAccount,
    move,
    isUsed: (loser) => isUsed(paths, loser),
  });
  const { movedFrom, orphan } = installation;
  say(`${target.name} ${OUTCOMES[installation.kind]} ${describeIdentity(installation.identity)}`);
  if (movedFrom !== undefined) say(`${movedFrom} has no login any more`);
  if (orphan !== undefined) warn(`the login that ${target.name} had before is kept as ${orphan}`);
  if (currentName(context, config) === target.name) linkSharedHomeFor(context, config, target);
}

const OUTCOMES: Record<Installation['kind'], string> = {
  installed: 'is now logged in as',
  renewed: 'is logged in again as',
  'replaced-account': 'is another account now:',
  moved: 'has taken over the account of',
};
