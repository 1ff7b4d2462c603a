import { accessSync, constants, lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeIdentity, type Identity, readLogin } from '../accounts/login.ts';
import { askDaemon, type DaemonAccount } from '../codex/daemon.ts';
import { errnoOf } from '../state/files.ts';
import { processStartTime } from '../state/process-identity.ts';
import type { Context } from './context.ts';
import { type Finding, issue, note, ok } from './finding.ts';

/** The shared Codex home: what its configuration means for accounts, its databases, its daemon. */
export async function checkCodexHome(context: Context): Promise<Finding[]> {
  const file = join(context.paths.sharedHome, 'config.toml');
  const read = await readToml(file);
  const settings = read.kind === 'ok' ? read.settings : {};
  return [
    ...(read.kind === 'broken'
      ? [issue(`${file} ${read.reason}, so Codex does not start either; correct it`)]
      : []),
    checkCredentialStore(file, settings),
    ...checkForcedLogin(file, settings),
    ...checkProvider(file, settings),
    checkSqliteHome(context, settings),
    ...(await checkDaemon(context.paths.sharedHome)),
  ];
}

type Settings = Record<string, unknown>;

async function readToml(
  file: string,
): Promise<{ kind: 'ok'; settings: Settings } | { kind: 'broken'; reason: string }> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { kind: 'ok', settings: {} };
    return { kind: 'broken', reason: `cannot be read (${errnoOf(error)})` };
  }
  const { parse } = await import('smol-toml');
  try {
    return { kind: 'ok', settings: parse(text) };
  } catch (error) {
    return {
      kind: 'broken',
      reason: `is not valid TOML (line ${(error as { line?: number }).line})`,
    };
  }
}

/** A keyring entry is keyed by CODEX_HOME, so an overlay would look logged out (facts 1.2). */
function checkCredentialStore(file: string, settings: Settings): Finding {
  const store = settings.cli_auth_credentials_store ?? 'file';
  if (store === 'file') return ok('Codex keeps its login in a file');
  return note(
    `${file} lets Codex keep its login in the ${JSON.stringify(store)} store; supervised sessions use the files of the vaults, ` +
      'plain codex does not: to bring its login in, set cli_auth_credentials_store = "file" and log in once more',
  );
}

function checkForcedLogin(file: string, settings: Settings): Finding[] {
  return ['forced_chatgpt_workspace_id', 'forced_login_method']
    .filter((key) => settings[key] !== undefined)
    .map((key) =>
      issue(
        `${file} sets ${key}: targets that do not fit are left out, for Codex would log them out, and plain codex still does; remove it, or remove those targets`,
      ),
    );
}

function checkProvider(file: string, settings: Settings): Finding[] {
  const provider = settings.model_provider ?? 'openai';
  if (provider === 'openai') return [];
  return [
    note(
      `${file} works with the provider ${JSON.stringify(provider)}, which has no use for these accounts, so codex runs alone; remove model_provider to use them`,
    ),
  ];
}

function checkSqliteHome({ env, paths }: Context, settings: Settings): Finding {
  const told = env.CODEX_SQLITE_HOME || settings.sqlite_home;
  const home = typeof told === 'string' ? told : paths.sharedHome;
  try {
    accessSync(home, constants.W_OK | constants.X_OK);
    return ok(`Codex keeps its databases in ${home}`);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT')
      return note(`${home}, for Codex's databases, does not exist yet; Codex makes it`);
    return issue(
      `${home}, for Codex's databases, is not writable (${code}); run: chmod u+rwx ${home}`,
    );
  }
}

const DAEMON_MS = 2000;

/** A daemon keeps the login it was started with, whatever is chosen later (facts M8, 5). */
async function checkDaemon(sharedHome: string): Promise<Finding[]> {
  const dir = join(sharedHome, 'app-server-daemon');
  const pidFile = ['daemon.pid', 'app-server.pid']
    .map((name) => join(dir, name))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  const pid = pidFile === undefined ? Number.NaN : readPid(pidFile);
  if (pidFile === undefined || processStartTime(pid) === undefined) {
    return [ok('no Codex daemon runs on the shared home')];
  }
  const account = await askDaemon(sharedHome, DAEMON_MS);
  const under =
    account === undefined ? guessByTime(sharedHome, pidFile) : tell(account, sharedHome);
  return [
    note(
      `a Codex daemon (pid ${pid}) runs on ${sharedHome} under ${under}; supervised sessions do without it; to end it: codex app-server daemon stop`,
    ),
  ];
}

function tell(account: DaemonAccount, sharedHome: string): string {
  const { email, userId, accountId } = account;
  if (userId === undefined && email === undefined) return 'no login';
  const who = email ?? `user ${userId}`;
  const now = currentIdentity(sharedHome);
  if (now === undefined) return who;
  const isCurrent =
    (userId === undefined || userId === now.userId) &&
    (accountId === undefined || accountId === now.accountId) &&
    (email === undefined || now.email === undefined || email === now.email);
  return isCurrent
    ? `${who}, as plain codex`
    : `${who}, not ${describeIdentity(now)} as plain codex`;
}

function currentIdentity(sharedHome: string): Identity | undefined {
  try {
    const read = readLogin(readFileSync(join(sharedHome, 'auth.json'), 'utf8'));
    return read.kind === 'login' ? read.login.identity : undefined;
  } catch {
    return undefined;
  }
}

/** For a daemon that does not answer. */
function guessByTime(sharedHome: string, pidFile: string): string {
  const chosen = lstatTime(join(sharedHome, 'auth.json'));
  const isOutdated = chosen !== undefined && chosen > statSync(pidFile).mtimeMs;
  return isOutdated
    ? 'the login that was there before the current target was chosen'
    : 'the current login';
}

function readPid(file: string): number {
  const text = readFileSync(file, 'utf8');
  return Number((/"pid"\s*:\s*(\d+)/.exec(text) ?? /(\d+)/.exec(text))?.[1] ?? Number.NaN);
}

function lstatTime(file: string): number | undefined {
  return lstatSync(file, { throwIfNoEntry: false })?.mtimeMs;
}
