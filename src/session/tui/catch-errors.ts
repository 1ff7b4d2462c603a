import type { TuiSession } from './tui-session.ts';

/** A listener whose exceptions end the observing, and not the session. */
export function catchErrors<A extends unknown[]>(
  session: Pick<TuiSession, 'fail'>,
  listen: (...args: A) => void,
): (...args: A) => void {
  return (...args) => {
    try {
      listen(...args);
    } catch (error) {
      session.fail(error);
    }
  };
}
