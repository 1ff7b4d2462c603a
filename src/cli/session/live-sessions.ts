import { authFileOf } from '../../accounts/vault.ts';
import { HotswapError } from '../../errors.ts';
import { isLoginInUse } from '../../overlay/overlays-of-login.ts';
import { isRunning, readLaunches } from '../../registry/launch-record.ts';
import type { Target } from '../../state/config.ts';
import type { Paths } from '../../state/paths.ts';

/** A supervised codex that runs now; the shape of `sessions` in `status --json`. */
export interface LiveSession {
  target: string;
  /** The supervisor's. */
  pid: number;
  cwd: string;
  mode: 'interactive' | 'exec';
  /** ISO 8601, UTC: of the launch. */
  startedAt: string;
  /** Null before the first turn. */
  thread: string | null;
}

/** The sessions that run now, each with its present target. */
export function listLiveSessions(paths: Paths): LiveSession[] {
  return readLaunches(paths).launches.flatMap((launch) => {
    const target = launch.segments.at(-1)?.target;
    if (target === undefined || !isRunning(launch, paths)) return [];
    const { pid, cwd, mode, startedAt, thread } = launch;
    return [{ target, pid, cwd, mode, startedAt, thread: thread ?? null }];
  });
}

/** Whether a session works under a target now. */
export function isUsed(paths: Paths, target: Target): boolean {
  // A session may have no record; its overlay still shows it.
  return (
    listLiveSessions(paths).some((session) => session.target === target.name) ||
    isLoginInUse(paths, authFileOf(target))
  );
}

/**
 * Refuses to continue while a session works under a target, because its codex would lose the login.
 * @throws HotswapError `in-use`.
 */
export function refuseWhileUsed(paths: Paths, target: Target, what: string): void {
  if (!isUsed(paths, target)) return;
  const sessions = listLiveSessions(paths).filter((session) => session.target === target.name);
  const where = [...new Set(sessions.map(({ cwd }) => cwd))].join(', ');
  throw new HotswapError(
    'in-use',
    `a session lives on ${target.name}${where === '' ? '' : ` (in ${where})`}`,
    `end it first, or ${what} all the same with --force`,
  );
}
