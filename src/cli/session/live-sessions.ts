import { authFileOf } from '../../accounts/vault.ts';
import { HotswapError } from '../../errors.ts';
import { isLoginInUse } from '../../overlay/overlays-of-login.ts';
import { isRunning, type LaunchMode, readLaunches } from '../../registry/launch-record.ts';
import type { Target } from '../../state/config.ts';
import type { Paths } from '../../state/paths.ts';

/** A session that runs now. It is the shape of `sessions` in `status --json`. */
export interface LiveSession {
  target: string;
  /** Of the supervisor. */
  pid: number;
  cwd: string;
  mode: LaunchMode;
  /** The program that an app-server serves; null for another session, and when it is unknown. */
  client: string | null;
  /** Of the launch: ISO 8601, UTC. */
  startedAt: string;
  /** Null before the first turn. */
  thread: string | null;
}

/** Lists the sessions that run now, each with its present target. */
export function listLiveSessions(paths: Paths): LiveSession[] {
  return readLaunches(paths).launches.flatMap((launch) => {
    const target = launch.segments.at(-1)?.target;
    if (target === undefined || !isRunning(launch, paths)) return [];
    const { pid, cwd, mode, client, startedAt, thread } = launch;
    return [{ target, pid, cwd, mode, client: client ?? null, startedAt, thread: thread ?? null }];
  });
}

/**
 * The app-servers that work under another account than new sessions will.
 * @returns a line for each of those accounts, with the programs that the app-servers serve.
 */
export function tellServersElsewhere(paths: Paths, target: string): string[] {
  const others = listServers(
    listLiveSessions(paths).filter((session) => session.target !== target),
  );
  return [...others].map(([account, servers]) => {
    const [many, they] =
      servers.length > 1
        ? ['app-servers still work', 'they move']
        : ['app-server still works', 'it moves'];
    const names = servers.map(({ client, pid }) => client ?? `pid ${pid}`).join(', ');
    return `${servers.length} ${many} under ${account} (${names}); ${they} at the next limit, or when the program starts its app-server again`;
  });
}

/** The app-servers among sessions, by account. */
export function listServers(sessions: readonly LiveSession[]): Map<string, LiveSession[]> {
  const servers = new Map<string, LiveSession[]>();
  for (const session of sessions) {
    if (session.mode !== 'app-server') continue;
    servers.set(session.target, [...(servers.get(session.target) ?? []), session]);
  }
  return servers;
}

/** Whether a session runs under a target now. */
export function isUsed(paths: Paths, target: Target): boolean {
  // A session may have no record. Then its overlay shows that it runs.
  return (
    listLiveSessions(paths).some((session) => session.target === target.name) ||
    isLoginInUse(paths, authFileOf(target))
  );
}

/**
 * Refuses a change while a session runs under the target, because the codex of that session would lose the login.
 * @param change what the command would do, e.g. `rename it`.
 * @throws HotswapError `in-use`.
 */
export function refuseWhileUsed(paths: Paths, target: Target, change: string): void {
  if (!isUsed(paths, target)) return;
  const sessions = listLiveSessions(paths).filter((session) => session.target === target.name);
  const where = [...new Set(sessions.map(({ cwd }) => cwd))].join(', ');
  throw new HotswapError(
    'in-use',
    `a session runs under ${target.name}${where === '' ? '' : ` (in ${where})`}`,
    `end the session first, or ${change} anyway with --force`,
  );
}
