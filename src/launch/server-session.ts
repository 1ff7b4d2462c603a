import type { ChildPlan } from '../handoff/effects.ts';
import type { Ending } from '../handoff/states.ts';
import type { AppServerSessionParts } from '../session/app-server/app-server-session.ts';
import { runAppServerSession } from '../session/app-server/run-app-server-session.ts';

export { tellForbidden } from './forbidden-directory.ts';

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
    | 'prompt'
    | 'forbids'
    | 'ignoresHangup'
  > {
  plans: { first: ChildPlan; next: AppServerSessionParts['nextPlan'] };
}

/** Runs `codex app-server` on our stdin and stdout until it ends for good. Only its client's messages come and go there. */
export function runServerLaunch({ plans, ...parts }: ServerLaunch): Promise<Ending> {
  return runAppServerSession({
    ...parts,
    firstPlan: plans.first,
    nextPlan: plans.next,
    client: () => ({ input: process.stdin, output: process.stdout }),
  });
}
