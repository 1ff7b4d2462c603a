import type { ObservedChild } from './observed-child.ts';
import type { TuiSession } from './tui-session.ts';

/** The network may fail for a moment. So the service is asked once more after this pause. */
const PAUSE_MS = 2000;

/**
 * The screen looks like Codex's sign-in screen. That is no proof, so the service is asked about the login. If the login works,
 * the user answers the screen.
 * @param isStill whether the child has still no thread. A child with a thread has a login that works, and asking would cost
 * a token refresh.
 */
export async function confirmSignIn(
  observed: ObservedChild,
  isStill: () => boolean,
  session: TuiSession,
  attempts = 2,
): Promise<void> {
  if (!isStill()) return;
  const isGone = await session.parts.accounts.isLoginGone().catch(() => false);
  if (observed !== session.observed || observed.watch === undefined || !isStill()) return;
  if (isGone) return session.handoffs.dispatch({ name: 'login-gone' });
  if (attempts === 1) return;
  session.timers.after(
    PAUSE_MS,
    () => void confirmSignIn(observed, isStill, session, attempts - 1).catch(session.fail),
  );
}
