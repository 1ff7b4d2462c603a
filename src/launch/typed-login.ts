import { fileURLToPath } from 'node:url';
import type { PassthroughInvocation } from '../codex/argv.ts';
import { HotswapError } from '../errors.ts';
import { readConfig } from '../state/config.ts';
import type { Paths } from '../state/paths.ts';
import { type Ending, type InheritedCommand, runInherited } from './run-inherited.ts';

/**
 * `codex login` and `codex logout`, typed by habit. Codex's own revoke the login they find (fact M20), and the shared
 * home shows a vault: the account stored there would be lost. So the management command takes over.
 * @returns undefined when Codex's own may run: hotswap is not set up, or the word is only `login status`.
 * @throws HotswapError `usage` where nobody can be asked.
 */
export function runTypedLogin(
  { reason, rest }: PassthroughInvocation,
  paths: Paths,
  { cwd, env }: Pick<InheritedCommand, 'cwd' | 'env'>,
): Promise<Ending> | undefined {
  const isMeant = reason === 'logout' || (reason === 'login' && rest[0] !== 'status');
  if (!isMeant || readConfig(paths) === undefined) return undefined;
  if (!process.stdin.isTTY || !process.stdout.isTTY) throw refusal(reason);
  const command = fileURLToPath(new URL('../../dist/bin/codex-hotswap.js', import.meta.url));
  return runInherited({
    file: process.execPath,
    args: [command, 'typed', reason, ...rest],
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
