import { realpathSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { Identity } from '../../accounts/login.ts';
import { readTargets } from '../../accounts/target-snapshot.ts';
import { readObject } from '../../codex/json.ts';
import { attempt } from '../../state/attempt.ts';
import { readConfig } from '../../state/config.ts';
import { listReadableNames } from '../../state/files.ts';
import type { Context } from '../context.ts';
import type { Anonymiser } from './anonymise.ts';
import type { RawEvent } from './raw-events.ts';

/**
 * Gives a replacement to every private text in our files, our events and the system's answers. The report says elsewhere what
 * is broken, so a part that cannot be read is left out here.
 */
export function namePrivateTexts(
  anonymiser: Anonymiser,
  context: Context,
  events: readonly RawEvent[],
): void {
  attempt(() => nameAccounts(anonymiser, context));
  attempt(() => namePlaces(anonymiser, context));
  attempt(() => namePerson(anonymiser, context.env));
  for (const event of events) attempt(() => nameEvent(anonymiser, event));
}

function nameAccounts({ name, replace }: Anonymiser, { paths }: Context): void {
  const config = attempt(() => readConfig(paths));
  for (const { target, vault, state } of config === undefined ? [] : readTargets(paths, config)) {
    const given = name('account', target.name);
    const isUsual = target.vault === join(paths.home, `.codex-${target.name}`);
    if (isUsual) replace(target.vault, `~/.codex-${given}`);
    else name('dir', target.vault);
    for (const identity of [vault.kind === 'ready' ? vault.identity : undefined, state.identity]) {
      if (identity !== undefined) nameIdentity(identity, given);
    }
  }
  // Accounts that are not in the configuration, or not any more.
  for (const { path, targets } of config?.rules ?? []) {
    if (path !== '/' && path !== paths.home) name('dir', path);
    for (const target of targets) name('account', target);
  }
  for (const file of listReadableNames(paths.accountsDir))
    name('account', file.replace(/\.json.*$/, ''));

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
    for (const path of [home, attempt(() => realpathSync(home)) ?? home])
      if (path.length > 1) replace(path, '~');
  }
  if (process.cwd() !== '/') name('dir', process.cwd());
}

function namePerson({ replace }: Anonymiser, env: NodeJS.ProcessEnv): void {
  const users = [env.USER, env.LOGNAME, env.SUDO_USER, attempt(() => userInfo().username)];
  for (const user of users) if (user && !COMMON_NAMES.has(user)) replace(user, '<user>');
  const host = hostname();
  for (const part of [host, host.split('.')[0] ?? '']) {
    if (!COMMON_NAMES.has(part)) replace(part, '<host>');
  }
}

/** Common names of a user or a machine. They identify nobody, and a report without these words could not be read. */
const COMMON_NAMES = new Set(['root', 'codex', 'codex-hotswap', 'node', 'localhost']);

function nameEvent({ name }: Anonymiser, event: RawEvent): void {
  const { type, thread, agent, target, from, to, launch, cwd, earliest } = event;
  const threads = type === 'copied' ? [thread, from, to] : [thread, agent];
  const accounts = type === 'copied' ? [target] : [target, from, to, readObject(earliest)?.target];
  for (const text of threads) if (typeof text === 'string') name('thread', text);
  for (const text of accounts) if (typeof text === 'string') name('account', text);
  if (typeof launch === 'string') name('session', launch);
  if (typeof cwd === 'string' && cwd.length > 1) name('dir', cwd);
}
