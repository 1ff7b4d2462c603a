import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readCredential } from '../../accounts/credential/read.ts';
import { keepLogin } from '../../accounts/keep-login.ts';
import { readLogin } from '../../accounts/login.ts';
import { HotswapError } from '../../errors.ts';
import type { Ending } from '../../handoff/states.ts';
import { findProgram, requireRealCodex } from '../../launch/locate-codex.ts';
import { runInherited } from '../../launch/run-inherited.ts';
import { fileSystemTime } from '../../state/file-clock.ts';
import { ensurePrivateDir, listNames, readJson, replaceFile } from '../../state/files.ts';
import { startBeating, stopBeating } from '../../state/heartbeat.ts';
import { describePlace, mayLive, readMakers } from '../../state/liveness.ts';
import type { Paths } from '../../state/paths.ts';
import { ownIdentity } from '../../state/process-identity.ts';
import type { Context } from '../context.ts';

/**
 * Runs the real `codex login` on the user's terminal, in an empty private home that is removed afterwards.
 * @param install gets the text of the new auth.json. When it throws, the login is kept for the user among the orphans.
 * @throws HotswapError `login-failed`, `codex-not-found`, `codex-not-runnable`, and what `install` throws.
 */
export async function runCodexLogin(
  context: Context,
  args: readonly string[],
  install: (authContent: string) => void | Promise<void>,
): Promise<void> {
  const codex = findProgram(requireRealCodex(context.env, context.paths), context.env);
  const { paths, now, warn } = context;
  const parent = loginHomes(paths);
  ensurePrivateDir(parent);
  removeAbandonedHomes(paths);
  const place = join(parent, `${process.pid}-${randomBytes(4).toString('hex')}`);
  const home = homeIn(place);
  const owner = ownerFile(place);
  ensurePrivateDir(place);
  let isInstalled = false;
  try {
    replaceFile(owner, JSON.stringify({ ...ownIdentity(), ...describePlace() }), { sync: false });
    startBeating(owner);
    ensurePrivateDir(home);
    const ending = await runInherited({
      file: codex.file,
      // In a keyring, Codex would file the login under this home, which is removed afterwards (fact 10).
      args: ['-c', 'cli_auth_credentials_store="file"', 'login', ...args],
      cwd: home,
      env: { ...codex.env, CODEX_HOME: home },
    });
    await install(readNewLogin(ending, join(home, 'auth.json')));
    isInstalled = true;
  } finally {
    stopBeating(owner);
    const kept = isInstalled ? undefined : keepLoginOf(place, paths, now);
    rmSync(place, { recursive: true, force: true });
    if (kept !== undefined) {
      warn(`the new login is kept; to use it: codex-hotswap import ${kept} --as NAME`);
    }
  }
}

/** Removes the homes of `codex login` runs that were killed. A login in such a home is kept among the orphans. */
export function removeAbandonedHomes(paths: Pick<Paths, 'stateDir' | 'orphansDir'>): void {
  for (const name of listNames(loginHomes(paths))) {
    const place = join(loginHomes(paths), name);
    if (Number.isNaN(Number.parseInt(name, 10)) || mayBeInUse(place)) continue;
    keepLoginOf(place, paths, new Date());
    rmSync(place, { recursive: true, force: true });
  }
}

function loginHomes({ stateDir }: Pick<Paths, 'stateDir'>): string {
  return join(stateDir, 'login');
}

/**
 * Keeps the login of a place. Version 0.1.0 has it in the place itself, not in `home/`.
 * @returns the file in which it is kept; undefined when there is no login.
 */
function keepLoginOf(
  place: string,
  { orphansDir }: Pick<Paths, 'orphansDir'>,
  now: Date,
): string | undefined {
  const found = [homeIn(place), place].map((home) => readCredential(join(home, 'auth.json')));
  const text = found.find((credential) => credential !== undefined)?.text ?? '';
  return readLogin(text).kind === 'login' ? keepLogin(orphansDir, 'login', text, now) : undefined;
}

function readNewLogin(ending: Ending, authFile: string): string {
  const done = ending.kind === 'exited' && ending.code === 0;
  if (done && existsSync(authFile)) return readFileSync(authFile, 'utf8');
  const what = done ? '`codex login` left no login behind' : tellEnding(ending);
  throw new HotswapError('login-failed', `${what}; nothing was changed`, 'try again');
}

function tellEnding(ending: Ending): string {
  if (ending.kind === 'exited') return `\`codex login\` ended with status ${ending.code}`;
  const how = ending.signal === 'SIGINT' ? 'was cancelled' : `was ended by ${ending.signal}`;
  return `\`codex login\` ${how}`;
}

function mayBeInUse(place: string): boolean {
  const read = readJson(ownerFile(place));
  // Another process makes the home now, or version 0.1.0 has made it. The pid of that may be from another container.
  if (read.kind !== 'ok') return isYoung(place);
  const { pid, startTime, ...where } = (read.value ?? {}) as Record<string, unknown>;
  return mayLive(readMakers([{ pid, startTime }], where), ownerFile(place));
}

function isYoung(place: string): boolean {
  const now = fileSystemTime(dirname(place));
  const made = statSync(place, { throwIfNoEntry: false })?.mtimeMs;
  return now === undefined || made === undefined || now - made < LOGIN_MS;
}

/** A login never takes a day. */
const LOGIN_MS = 86_400_000;

function homeIn(place: string): string {
  return join(place, 'home');
}

function ownerFile(place: string): string {
  return join(place, 'owner.json');
}
