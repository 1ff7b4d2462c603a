import { markLoggedOut } from '../accounts/notice-logout.ts';
import type { AuthAdoption } from '../overlay/adopt-auth.ts';
import { isRunning, readLaunches } from '../session/registry.ts';
import type { Paths } from '../state/paths.ts';

/** How an overlay was left. */
export interface Leaving {
  /** Its link to the login was gone (see overlay/point-auth.ts). */
  isLoggedOut: boolean;
  /** What became of a login that was there instead. */
  auth: AuthAdoption | undefined;
}

const LOGGED_OUT = (where: string) =>
  `it was logged out in ${where}, which revokes the account everywhere`;

/** Marks the account that a session worked under last, if that was logged out in it. @returns lines for the user. */
export function noticeLoggedOutInside(
  paths: Paths,
  target: string,
  { isLoggedOut, auth }: Leaving,
  now: Date,
  where = 'this session',
): string[] {
  // A login of the same account has healed it.
  const isBack = auth !== undefined && 'vault' in auth && auth.vault === target;
  return isLoggedOut && !isBack ? markLoggedOut(paths, target, LOGGED_OUT(where), now) : [];
}

/**
 * The same for a session that was killed: its record, which it could not end, tells whom it worked under. One that had
 * ended its record was about to take the link away itself.
 * @param pid of its supervisor.
 */
export function noticeLoggedOutKilled(
  paths: Paths,
  pid: number,
  leaving: Leaving,
  now: Date,
): string[] {
  if (!leaving.isLoggedOut) return [];
  const { launches } = readLaunches(paths, { now });
  const killed = launches.find((launch) => launch.pid === pid);
  const target = killed?.segments.at(-1)?.target;
  if (killed === undefined || target === undefined) return [];
  if (killed.state === 'ended' || isRunning(killed, paths)) return [];
  return noticeLoggedOutInside(paths, target, leaving, now, 'a session that was killed');
}
