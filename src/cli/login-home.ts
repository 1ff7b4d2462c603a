import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findRealCodex, resolveNative } from '../codex/find.ts';
import { HotswapError } from '../errors.ts';
import { type Ending, runInherited } from '../launch/run-inherited.ts';
import { fileSystemTime } from '../state/file-clock.ts';
import { ensurePrivateDir, readJson, replaceFile } from '../state/files.ts';
import { startBeating, stopBeating } from '../state/heartbeat.ts';
import { describePlace, mayLive, readMakers } from '../state/liveness.ts';
import { ownIdentity } from '../state/process-identity.ts';
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
  const place = join(parent, `${process.pid}-${randomBytes(4).toString('hex')}`);
  const home = join(place, 'home');
  const owner = ownerFile(place);
  ensurePrivateDir(place);
  try {
    replaceFile(owner, JSON.stringify({ ...ownIdentity(), ...describePlace() }), { sync: false });
    startBeating(owner);
    ensurePrivateDir(home);
    const ending = await runInherited({
      file: codex.file,
      // A keyring would be keyed by this home, which is gone right after (facts 1.2).
      args: ['-c', 'cli_auth_credentials_store="file"', 'login', ...args],
      cwd: home,
      env: { ...codex.env, CODEX_HOME: home },
    });
    return takeLogin(ending, join(home, 'auth.json'));
  } finally {
    stopBeating(owner);
    rmSync(place, { recursive: true, force: true });
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
export function removeAbandonedHomes(parent: string): void {
  for (const name of readdirSync(parent)) {
    const place = join(parent, name);
    if (!Number.isNaN(Number.parseInt(name, 10)) && !mayBeInUse(place)) {
      rmSync(place, { recursive: true, force: true });
    }
  }
}

function mayBeInUse(place: string): boolean {
  const read = readJson(ownerFile(place));
  // One that is just being made, or one of version 0.1.0, whose pid may be of another container.
  if (read.kind !== 'ok') return isYoung(place);
  const { pid, startTime, ...where } = (read.value ?? {}) as Record<string, unknown>;
  return mayLive(readMakers([{ pid, startTime }], where), ownerFile(place));
}

function isYoung(place: string): boolean {
  const now = fileSystemTime(dirname(place));
  const made = statSync(place, { throwIfNoEntry: false })?.mtimeMs;
  return now === undefined || made === undefined || now - made < LOGIN_MS;
}

/** Nobody sits before a login for so long. */
const LOGIN_MS = 86_400_000;

function ownerFile(place: string): string {
  return join(place, 'owner.json');
}
