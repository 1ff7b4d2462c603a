import type { AuthAdoption } from '../overlay/adopt-auth.ts';
import { isRunning, readLaunches } from '../registry/launch-record.ts';
import type { Paths } from '../state/paths.ts';

/** How a session left its overlay. */
export interface Leaving {
  /** Its link to the login was gone (see overlay/point-auth.ts). */
  isLoggedOut: boolean;
  /** What became of a login that was there instead of the link. */
  auth: AuthAdoption | undefined;
}

/**
 * Whether the account that a session worked under last may have been logged out in it. Codex takes the link away at a real
 * logout. It does so, too, where a project's settings force a logout, which revokes nothing. So the service has to be asked.
 */
export function mayBeLoggedOut(target: string, { isLoggedOut, auth }: Leaving): boolean {
  // A new login of the same account makes up for the logout.
  const isBack = auth !== undefined && 'vault' in auth && auth.vault === target;
  return isLoggedOut && !isBack;
}

/**
 * The same for a session that was killed. It could not end its record, which tells the account that it worked under. A
 * session that had ended its record was about to take the link away itself.
 * @param pid of its supervisor.
 * @returns the target whose login may be revoked.
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
