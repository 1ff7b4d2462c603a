import { readdirSync, realpathSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { Identity } from '../../accounts/login.ts';
import { readTargets } from '../../accounts/target-snapshot.ts';
import { readObject } from '../../codex/json.ts';
import { readConfig } from '../../state/config.ts';
import type { Context } from '../context.ts';
import type { Anonymiser } from './anonymise.ts';
import type { RawEvent } from './raw-events.ts';

/** Names everything private that our own files and the system tell of, so that it is replaced wherever it stands. */
export function namePrivateTexts(
  anonymiser: Anonymiser,
  context: Context,
  events: readonly RawEvent[],
): void {
  quietly(() => nameAccounts(anonymiser, context));
  quietly(() => namePlaces(anonymiser, context));
  quietly(() => namePerson(anonymiser, context.env));
  for (const event of events) quietly(() => nameEvent(anonymiser, event));
}

function nameAccounts({ name, replace }: Anonymiser, { paths }: Context): void {
  const config = readConfigQuietly(paths);
  for (const { target, vault, state } of config === undefined ? [] : readTargets(paths, config)) {
    const given = name('account', target.name);
    const isUsual = target.vault === join(paths.home, `.codex-${target.name}`);
    if (isUsual) replace(target.vault, `~/.codex-${given}`);
    else name('dir', target.vault);
    for (const identity of [vault.kind === 'ready' ? vault.identity : undefined, state.identity]) {
      if (identity !== undefined) nameIdentity(identity, given);
    }
  }
  // Those that the configuration does not know, or no longer.
  for (const file of listNames(paths.accountsDir)) name('account', file.replace(/\.json.*$/, ''));

  function nameIdentity({ email, userId, accountId }: Identity, given: string): void {
    if (email !== undefined) replace(email, given);
    replace(userId, given);
    name('workspace', accountId);
  }
}

function namePlaces({ name, replace }: Anonymiser, { paths, env }: Context): void {
  const usual: [string, string][] = [
    [dirname(paths.configFile), '.config/codex-hotswap'],
    [paths.stateDir, '.local/state/codex-hotswap'],
    [paths.sharedHome, '.codex'],
    [join(paths.home, '.local/bin'), '.local/bin'],
  ];
  for (const [place, below] of usual) {
    if (place === join(paths.home, below)) replace(place, `~/${below}`);
    else name('dir', place);
  }
  for (const home of [paths.home, env.HOME ?? '', homedir()]) {
    for (const path of [home, realpathQuietly(home)]) if (path.length > 1) replace(path, '~');
  }
  if (process.cwd() !== '/') name('dir', process.cwd());
}

function namePerson({ replace }: Anonymiser, env: NodeJS.ProcessEnv): void {
  const users = [env.USER, env.LOGNAME, env.SUDO_USER, quietly(() => userInfo().username)];
  for (const user of users) if (user && !EVERYBODYS.has(user)) replace(user, '<user>');
  const host = hostname();
  for (const part of [host, host.split('.')[0] ?? '']) {
    if (!EVERYBODYS.has(part)) replace(part, '<host>');
  }
}

/** As names of a user or a machine they tell nothing, and a report without these words could not be read. */
const EVERYBODYS = new Set(['root', 'codex', 'codex-hotswap', 'node', 'localhost']);

function nameEvent({ name }: Anonymiser, event: RawEvent): void {
  const { type, thread, target, from, to, launch, cwd, earliest } = event;
  const threads = type === 'copied' ? [thread, from, to] : [thread];
  const accounts = type === 'copied' ? [target] : [target, from, to, readObject(earliest)?.target];
  for (const text of threads) if (typeof text === 'string') name('thread', text);
  for (const text of accounts) if (typeof text === 'string') name('account', text);
  if (typeof launch === 'string') name('session', launch);
  if (typeof cwd === 'string' && cwd.length > 1) name('dir', cwd);
}

function readConfigQuietly(paths: Context['paths']) {
  return quietly(() => readConfig(paths));
}

function listNames(directory: string): string[] {
  return quietly(() => readdirSync(directory)) ?? [];
}

function realpathQuietly(path: string): string {
  return quietly(() => realpathSync(path)) ?? path;
}

/** A part that is broken is told where it is looked at; here it only has no names. */
function quietly<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
