import type { RateLimits } from '../../codex/rollout.ts';
import type { TuiSession } from './tui-session.ts';

/** A turn has ended. If its account has little left, and another account has more, the session moves when Codex rests. */
export async function considerEarlyHandoff(limits: RateLimits, session: TuiSession): Promise<void> {
  const { parts, handoffs, early, observed } = session;
  const state = handoffs.state();
  const thread = 'session' in state ? state.session.thread : undefined;
  if (thread === undefined) return;
  await parts.accounts.rereadConstraints(thread.cwd);
  if (observed !== session.observed || observed?.watch === undefined) return;
  const from = { thread: thread.id, rollout: thread.rollout };
  const roomier = parts.accounts.findRoomier(limits, from);
  if (roomier !== undefined) early.consider(roomier);
}
