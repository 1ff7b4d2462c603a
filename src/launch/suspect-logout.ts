import type { AuthAdoption } from '../overlay/adopt-auth.ts';
import { isRunning, readLaunches } from '../registry/launch-record.ts';
import type { Paths } from '../state/paths.ts';

/** How an overlay was left. */
export interface Leaving {
  /** Its link to the login was gone (see overlay/point-auth.ts). */
  isLoggedOut: boolean;
  /** What became of a login that was there instead. */
  auth: AuthAdoption | undefined;
}

/**
 * Whether the account that a session worked under last may have been logged out in it. Codex takes the link away at a real
 * logout, and where a project's settings force one, which revokes nothing: the service has to be asked.
 */
export function mayBeLoggedOut(target: string, { isLoggedOut, auth }: Leaving): boolean {
  // A login of the same account has healed it.
  const isBack = auth !== undefined && 'vault' in auth && auth.vault === target;
  return isLoggedOut && !isBack;
}

/**
 * The same for a session that was killed: its record, which it could not end, tells whom it worked under. One that had
 * ended its record was about to take the link away itself.
 * @param pid of its supervisor.
 * @returns the target whose login is in doubt.
 */
export function findSuspectedLogout(
  paths: Paths,
  pid: number,
  leaving: Leaving,
  now: Date,
): string | undefined {
  if (!leaving.isLoggedOut) return undefined;
  const { launches } = readLaunches(paths, { now });
  const killed = launches.find((launch) => launch.pid === pid);
  const target = killed?.segments.at(-1)?.target;
  if (killed === undefined || target === undefined) return undefined;
  if (killed.state === 'ended' || isRunning(killed, paths)) return undefined;
  return mayBeLoggedOut(target, leaving) ? target : undefined;
}
