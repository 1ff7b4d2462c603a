import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeIdentity } from '../../accounts/login.ts';
import { readIdentity } from '../../accounts/owner.ts';
import { askDaemon, type DaemonAccount } from '../../codex/daemon.ts';
import { readTextQuietly } from '../../regular-file.ts';
import { errnoOf } from '../../state/files.ts';
import { processStartTime } from '../../state/process-identity.ts';
import type { Context } from '../context.ts';
import { checkCodexConfig, readConfigFiles } from './codex-config.ts';
import { type Finding, issue, note, ok } from './finding.ts';

/** The shared Codex home: the settings that change which account Codex uses, its databases, its daemon. */
export async function checkCodexHome(context: Context): Promise<Finding[]> {
  const files = await readConfigFiles(context.paths.sharedHome);
  return [
    ...checkCodexConfig(files),
    checkSqliteHome(context, files.valueOf('sqlite_home')),
    await checkDaemon(context.paths.sharedHome),
  ];
}

function checkSqliteHome({ env, paths }: Context, configured: unknown): Finding {
  const named = env.CODEX_SQLITE_HOME || configured;
  const home = typeof named === 'string' ? named : paths.sharedHome;
  try {
    accessSync(home, constants.W_OK | constants.X_OK);
    return ok(`Codex keeps its databases in ${home}`);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') {
      return note(`${home}, for Codex's databases, does not exist yet; Codex makes it`);
    }
    return issue(
      `${home}, for Codex's databases, is not writable (${code}); run: chmod u+rwx ${home}`,
    );
  }
}

const DAEMON_MS = 2000;

/** A daemon keeps the login of its start, also after `use` chooses another target (fact 99). */
async function checkDaemon(sharedHome: string): Promise<Finding> {
  const dir = join(sharedHome, 'app-server-daemon');
  const pidFile = ['daemon.pid', 'app-server.pid']
    .map((name) => join(dir, name))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  const pid = pidFile === undefined ? Number.NaN : readPid(pidFile);
  if (pidFile === undefined || processStartTime(pid) === undefined) {
    return ok('no Codex daemon runs on the shared home');
  }
  const account = await askDaemon(sharedHome, DAEMON_MS);
  const login =
    account === undefined
      ? guessByTime(sharedHome, pidFile)
      : describeDaemonAccount(account, sharedHome);
  return note(
    `a Codex daemon (pid ${pid}) runs on ${sharedHome} under ${login}; supervised sessions do not use it; to end it: codex app-server daemon stop`,
  );
}

function describeDaemonAccount(account: DaemonAccount, sharedHome: string): string {
  const { email, userId, accountId } = account;
  if (userId === undefined && email === undefined) return 'no login';
  const who = email ?? `user ${userId}`;
  const now = readIdentity(join(sharedHome, 'auth.json'));
  if (now === undefined) return who;
  const isCurrent =
    (userId === undefined || userId === now.userId) &&
    (accountId === undefined || accountId === now.accountId) &&
    (email === undefined || now.email === undefined || email === now.email);
  return isCurrent
    ? `${who}, as the real Codex`
    : `${who}, not ${describeIdentity(now)} as the real Codex`;
}

/** For a daemon that does not answer: whether its login was replaced after it started. */
function guessByTime(sharedHome: string, pidFile: string): string {
  const login = lstatSync(join(sharedHome, 'auth.json'), { throwIfNoEntry: false });
  const isOutdated = login !== undefined && login.mtimeMs > statSync(pidFile).mtimeMs;
  return isOutdated
    ? 'the login that was there before the current account was chosen'
    : 'the current login';
}

function readPid(file: string): number {
  const text = readTextQuietly(file);
  return Number((/"pid"\s*:\s*(\d+)/.exec(text) ?? /(\d+)/.exec(text))?.[1] ?? Number.NaN);
}
