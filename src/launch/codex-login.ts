import type { PassthroughInvocation } from '../codex/argv.ts';
import { HotswapError } from '../errors.ts';
import type { Ending } from '../handoff/states.ts';
import { readConfig } from '../state/config.ts';
import { MANAGEMENT_PROGRAM } from '../state/package-files.ts';
import type { Paths } from '../state/paths.ts';
import { readHomeLogin } from './home-login.ts';
import { type InheritedCommand, runInherited } from './run-inherited.ts';

/**
 * Runs `codex-hotswap` instead of `codex login` and `codex logout`. Codex's own commands revoke the login that they find
 * (fact 21). In the shared home that is the login of a vault, so the stored account would be lost.
 * @returns undefined when Codex's own command may run: hotswap is not set up, the command is `login status`, or CODEX_HOME
 * has no login of a target.
 * @throws HotswapError `usage` without a terminal, because no person can be asked.
 */
export async function runCodexLogin(
  invocation: PassthroughInvocation,
  paths: Paths,
  { cwd, env }: Pick<InheritedCommand, 'cwd' | 'env'>,
): Promise<Ending | undefined> {
  const { reason, rest } = invocation;
  if (reason !== 'login' && reason !== 'logout') return undefined;
  if (reason === 'login' && rest[0] === 'status') return undefined;
  const config = readConfig(paths);
  if (config === undefined) return undefined;
  const place = { invocation, cwd, sharedHome: paths.sharedHome };
  const home = await readHomeLogin(paths, config, place);
  if (home.kind === 'apart' || home.kind === 'empty') return undefined;
  if (!process.stdin.isTTY || !process.stdout.isTTY) throw refusal(reason);
  return runInherited({
    file: process.execPath,
    args: [MANAGEMENT_PROGRAM, 'instead-of-codex', reason, ...rest],
    cwd,
    env,
  });
}

function refusal(word: 'login' | 'logout'): HotswapError {
  return new HotswapError(
    'usage',
    `\`codex ${word}\` would revoke a login that is stored for codex-hotswap`,
    word === 'login'
      ? 'run: codex-hotswap login <account>; for Codex’s own command: CODEX_HOTSWAP_BYPASS=1 codex login'
      : 'to remove the account from this machine only: codex-hotswap remove <account>; to revoke the login: CODEX_HOTSWAP_BYPASS=1 codex logout',
  );
}
