import type { ObservedChild } from './observed-child.ts';
import type { TuiSession } from './tui-session.ts';

/** The network may fail for a moment, so the service is asked once more after this long. */
const PAUSE_MS = 2000;

/**
 * The screen looks like Codex's sign-in screen, and that is only a reason to ask about the login. If the login works, the
 * screen is left to the user.
 * @param isStill the child has not opened its thread. When it has, its login works, and the question would cost a token
 * refresh.
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
