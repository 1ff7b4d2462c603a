import type { AuthAdoption } from '../overlay/adopt-auth.ts';
import { isRunning, readLaunches } from '../registry/launch-record.ts';
import type { Paths } from '../state/paths.ts';

/** The auth.json of an overlay after its session. */
export interface Leaving {
  /** The link to the login was gone (see overlay/point-auth.ts). */
  isLoggedOut: boolean;
  /** The new place of a login that had replaced the link. */
  auth: AuthAdoption | undefined;
}

/**
 * Whether the last account of a session may be logged out. Codex removes the link at a real logout, but also when a project's
 * settings force a logout, which revokes nothing. So the service must be asked.
 */
export function mayBeLoggedOut(target: string, { isLoggedOut, auth }: Leaving): boolean {
  // A new login of the same account followed the logout.
  const isBack = auth !== undefined && 'vault' in auth && auth.vault === target;
  return isLoggedOut && !isBack;
}

/**
 * The same for a session that was killed. Its record, which is not ended, tells its last account. A session that has ended its
 * record removes the link itself.
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
