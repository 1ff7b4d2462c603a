import type { ChildPlan } from '../handoff/effects.ts';
import type { Ending } from '../handoff/states.ts';
import type { Slot } from '../overlay/slot.ts';
import {
  type AppServerSessionParts,
  runAppServerSession,
} from '../session/app-server/run-app-server-session.ts';

export interface ServerLaunch
  extends Pick<
    AppServerSessionParts,
    | 'recordChild'
    | 'recordThread'
    | 'recordClient'
    | 'accounts'
    | 'accountCount'
    | 'log'
    | 'trace'
    | 'say'
    | 'wait'
    | 'ignoresHangup'
  > {
  plans: { first: ChildPlan; next: AppServerSessionParts['nextPlan'] };
  slot: Slot;
}

/** Runs `codex app-server` on our stdin and stdout until it ends for good. Only its client's messages come and go there. */
export function runServerLaunch({ plans, slot, ...parts }: ServerLaunch): Promise<Ending> {
  return runAppServerSession({
    ...parts,
    first: plans.first,
    firstPlan: plans.first,
    nextPlan: plans.next,
    // Node makes a stdin that it opens non-blocking, so nothing opens it before a child is sure to start.
    client: { input: process.stdin, output: process.stdout },
    sharedHome: slot.sharedHome,
  });
}
