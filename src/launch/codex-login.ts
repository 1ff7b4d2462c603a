import type { PassthroughInvocation } from '../codex/argv.ts';
import { HotswapError } from '../errors.ts';
import { readConfig } from '../state/config.ts';
import { MANAGEMENT_PROGRAM } from '../state/package-files.ts';
import type { Paths } from '../state/paths.ts';
import { readHomeLogin } from './home-login.ts';
import { type Ending, type InheritedCommand, runInherited } from './run-inherited.ts';

/**
 * `codex login` and `codex logout`, typed by habit. Codex's own commands revoke the login they find (fact 21), and the shared
 * home leads to a vault, so the stored account would be lost. The management command takes over.
 * @returns undefined when Codex's own command may run: hotswap is not set up, the word is only `login status`, or CODEX_HOME
 * names a home that has no login of a target.
 * @throws HotswapError `usage` without a terminal, as no person can be asked.
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
  const home = await readHomeLogin(paths, config, {
    invocation,
    cwd,
    sharedHome: paths.sharedHome,
  });
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
    `\`codex ${word}\` would revoke the account that is stored for hotswap`,
    word === 'login'
      ? 'run: codex-hotswap login <target>; to run Codex’s own, put CODEX_HOTSWAP_BYPASS=1 before it'
      : 'to forget it on this machine only, run: codex-hotswap remove <target>; to revoke it, put CODEX_HOTSWAP_BYPASS=1 before it',
  );
}
