import { listVaults, readTargets } from '../accounts/target-snapshot.ts';
import { describeError } from '../errors.ts';
import type { Ending } from '../handoff/states.ts';
import { holdsSlot } from '../overlay/lease.ts';
import { mendLoginLink } from '../overlay/mend-link.ts';
import { hasOwnLogin } from '../overlay/point-auth.ts';
import { THIS_SESSION } from '../registry/keep-launch.ts';
import { attempt } from '../state/attempt.ts';
import { catchUncaught } from '../state/uncaught-errors.ts';
import { closeSessionOverlay } from './close-overlay.ts';
import { endLike } from './end-like.ts';
import { logEvent } from './log-event.ts';
import type { OpenedSession } from './run-session.ts';

/** Runs the session and closes its overlay. An error at the close does not change the ending of the session. */
export async function runAndClose(
  session: OpenedSession,
  run: () => Promise<Ending>,
): Promise<Ending> {
  const { facts, accounts, tokens, keeper, plan } = session;
  const { paths, say } = facts;
  const stopWatching = tokens.watch(() => {
    mendLink(session);
    return accounts.target;
  });
  let ending: Ending | undefined;
  // Until the process ends, no exception of ours runs Codex again or shows a stack.
  catchUncaught((error) => {
    say(describeError(error).text);
    if (ending !== undefined) endLike(ending);
  });
  try {
    const running = run();
    // The child starts meanwhile. A session that is killed before this has done nothing yet.
    keeper.begin();
    const { invocation, slot, cwd } = plan;
    logEvent(paths, {
      ...{ type: 'launch', mode: invocation.mode, target: accounts.target },
      ...{ slot: slot.number, cwd },
    });
    ending = await running;
    return ending;
  } finally {
    if (ending !== undefined) {
      logEvent(paths, { type: 'ended', status: describeEnding(ending) });
      undoLogout(session, ending);
    }
    await tidyUp(session);
    await session.asker.settled();
    stopWatching();
  }
}

/** A tool may have replaced the overlay's link. Never throws: the end of the session adopts what is left. */
function mendLink({ facts: { paths }, config, plan: { slot }, accounts }: OpenedSession): void {
  if (!hasOwnLogin(slot) || !holdsSlot(slot)) return;
  attempt(() => {
    const vaults = listVaults(readTargets(paths, config));
    const vault = vaults.find(({ name }) => name === accounts.target);
    if (vault === undefined) return;
    mendLoginLink(slot, vault, { vaults, orphansDir: paths.orphansDir, now: new Date() });
  });
}

/** Called before the overlay is closed, while a missing link still shows a logout. */
function undoLogout({ facts, plan, accounts, logoutGuard }: OpenedSession, ending: Ending): void {
  const { paths, say } = facts;
  const undone = logoutGuard.catchLogout(plan.slot, accounts.target, ending);
  if (undone === undefined) return;
  logEvent(paths, { type: 'notice', message: undone });
  say(`codex-hotswap: ${undone}`);
}

/** Never rejects. */
async function tidyUp({ facts, config, plan, accounts, tokens, records }: OpenedSession) {
  const { paths, say } = facts;
  const mayRelease = () => {
    records.retry();
    return records.isWritten(THIS_SESSION);
  };
  const options = { tokens, mayRelease };
  const problems = await closeSessionOverlay(paths, config, plan.slot, accounts.target, options);
  for (const problem of problems) say(`codex-hotswap: ${problem}`);
  const unwritten = records.summary();
  if (unwritten !== undefined) say(`codex-hotswap: ${unwritten}`);
}

function describeEnding(ending: Ending): string {
  return ending.kind === 'exited' ? String(ending.code) : ending.signal;
}
