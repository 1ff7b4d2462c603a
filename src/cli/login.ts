import { Command } from 'commander';
import { type Installation, installLogin } from '../accounts/install-login.ts';
import { describeIdentity } from '../accounts/login.ts';
import { readStandings } from '../accounts/standing.ts';
import type { Config, Target } from '../state/config.ts';
import { type Context, currentName, findTarget, requireConfig } from './context.ts';
import { runCodexLogin } from './login-home.ts';
import { primeFor } from './prime.ts';

interface LoginOptions {
  /** Further words for `codex login`. */
  args: string[];
  replaceAccount?: boolean;
}

export function loginCommand(context: Context): Command {
  return new Command('login')
    .description('log in to the account of a target, with Codex itself')
    .argument('<target>', 'its name')
    .argument('[args...]', 'words for `codex login`, after --')
    .option('--device-auth', 'log in with a code, without a browser here')
    .option('--replace-account', 'let the target become another account than it was')
    .addHelpText('after', '\nExample:\n  codex-hotswap login acc2 --device-auth')
    .action(
      async (
        name: string,
        args: string[],
        options: { deviceAuth?: boolean; replaceAccount?: boolean },
      ) => {
        const config = requireConfig(context);
        const target = findTarget(config, name);
        const words = options.deviceAuth ? ['--device-auth', ...args] : args;
        await logIn(context, config, target, {
          args: words,
          replaceAccount: options.replaceAccount ?? false,
        });
      },
    );
}

/**
 * Logs in to a target. `codex login` runs in an empty home of its own, because in a used one it revokes the account that
 * is stored there (fact M20); what it leaves is installed by identity. Until then nothing of the old login is touched.
 * @throws HotswapError `login-failed`, `identity-clash`, `codex-not-found`.
 */
export async function logIn(
  context: Context,
  config: Config,
  target: Target,
  { args, replaceAccount = false }: LoginOptions,
): Promise<void> {
  const authContent = await runCodexLogin(context, args);
  const { paths, say } = context;
  const { standings } = readStandings(paths, config); // now, not before: the login took a while
  const installation = installLogin({
    paths,
    config,
    standings,
    target,
    authContent,
    replaceAccount,
  });
  say(`${target.name} ${OUTCOMES[installation.kind]} ${describeIdentity(installation.identity)}`);
  if (currentName(context, config) === target.name) primeFor(context, config, target);
}

const OUTCOMES: Record<Installation['kind'], string> = {
  installed: 'is now logged in as',
  renewed: 'is logged in again as',
  'replaced-account': 'is another account now:',
};
