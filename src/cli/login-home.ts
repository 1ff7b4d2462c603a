import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findRealCodex, resolveNative } from '../codex/find.ts';
import { HotswapError } from '../errors.ts';
import { type Ending, runInherited } from '../launch/run-inherited.ts';
import { ensurePrivateDir } from '../state/files.ts';
import type { Context } from './context.ts';

/**
 * Runs the real `codex login` on the user's terminal, in an empty private home that is removed afterwards.
 * @returns the text of the auth.json it wrote.
 * @throws HotswapError `login-failed`, `codex-not-found`, `codex-not-runnable`.
 */
export async function runCodexLogin(context: Context, args: readonly string[]): Promise<string> {
  const codex = requireCodex(context.env);
  const parent = join(context.paths.stateDir, 'login');
  ensurePrivateDir(parent);
  removeAbandonedHomes(parent);
  const home = join(parent, `${process.pid}-${randomBytes(4).toString('hex')}`);
  ensurePrivateDir(home);
  try {
    const ending = await runInherited({
      file: codex.file,
      // A keyring would be keyed by this home, which is gone right after (facts 1.2).
      args: ['-c', 'cli_auth_credentials_store="file"', 'login', ...args],
      cwd: home,
      env: { ...codex.env, CODEX_HOME: home },
    });
    return takeLogin(ending, join(home, 'auth.json'));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function requireCodex(env: NodeJS.ProcessEnv): { file: string; env: NodeJS.ProcessEnv } {
  const found = findRealCodex(env);
  if (found.kind === 'found') return resolveNative(found.path, env) ?? { file: found.path, env };
  throw found.kind === 'not-found'
    ? new HotswapError(
        'codex-not-found',
        'no codex on PATH',
        'install it, for example: npm install -g @openai/codex',
      )
    : new HotswapError(
        'codex-not-runnable',
        `${found.path} may not be executed`,
        `run: chmod +x ${found.path}, or reinstall Codex`,
      );
}

function takeLogin(ending: Ending, authFile: string): string {
  const done = ending.kind === 'exited' && ending.code === 0;
  if (done && existsSync(authFile)) return readFileSync(authFile, 'utf8');
  const what = done
    ? '`codex login` left no login behind'
    : `\`codex login\` ended with ${ending.kind === 'exited' ? `status ${ending.code}` : ending.signal}`;
  throw new HotswapError('login-failed', `${what}; nothing was changed`, 'try again');
}

/** Homes of logins that were killed: what is in them was never confirmed to anybody. */
function removeAbandonedHomes(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number.parseInt(name, 10);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
