import {
  type ExecInvocation,
  hasFlag,
  type Invocation,
  leavesResumableThread,
  readPromptAndSession,
} from '../codex/argv.ts';
import { isThreadId } from '../codex/thread-files.ts';
import type { Ending } from '../handoff/states.ts';
import type { Slot } from '../overlay/slot.ts';
import type { LaunchRecord } from '../registry/launch-record.ts';
import type { Alert } from '../session/alert.ts';
import { createLifeLine } from '../session/exec/end-with-us.ts';
import { createEventOutput } from '../session/exec/event-output.ts';
import type { ExecSessionParts } from '../session/exec/exec-session.ts';
import { keepInput } from '../session/exec/kept-input.ts';
import { runExecSession } from '../session/exec/run-exec-session.ts';
import type { planExecChildren } from './plans.ts';
import { searchThread } from './search-thread.ts';

export interface ExecLaunch
  extends Pick<
    ExecSessionParts,
    | 'recordChild'
    | 'recordThread'
    | 'accounts'
    | 'accountCount'
    | 'log'
    | 'trace'
    | 'say'
    | 'wait'
    | 'askLimits'
    | 'ignoresHangup'
  > {
  alert: Alert;
  /** The command line of the user. */
  typed: Invocation;
  /** The same, with the id of the thread that is resumed. */
  invocation: ExecInvocation;
  plans: Awaited<ReturnType<typeof planExecChildren>>;
  slot: Slot;
  /** The launches on record but this one. */
  otherLaunches(): LaunchRecord[];
}

/** Runs `codex exec`, `exec resume`, `exec fork`, `exec review` or `review` until it ends for good. */
export function runExecLaunch(launch: ExecLaunch): Promise<Ending> {
  const { typed, invocation, plans, slot, alert, otherLaunches, ...rest } = launch;
  return runExecSession({
    ...rest,
    announce: (line) => {
      rest.say(line);
      // The child has ended, so its output cannot be disturbed.
      if (process.stderr.isTTY) process.stderr.write(alert(line));
    },
    firstPlan: plans.first,
    prompt: plans.prompt,
    sharedHome: slot.sharedHome,
    resumePlan: plans.resume,
    againPlan: plans.again,
    input: keepInput(!leavesResumableThread(invocation)),
    lifeLine: createLifeLine(),
    ...(hasFlag(invocation, 'json') && { output: createEventOutput(readNames(typed, invocation)) }),
    isNeverResumed: !leavesResumableThread(invocation),
    requestedThread: requestedThread(invocation),
    searchThread: (startedAtMs) =>
      leavesResumableThread(invocation)
        ? searchThread({
            sharedHome: slot.sharedHome,
            invocation,
            cwd: plans.first.cwd,
            startedAtMs,
            others: otherLaunches(),
          })
        : Promise.resolve('none'),
  });
}

/** The client knows a thread by the id in its command line. A copy of the thread has another id. */
function readNames(typed: Invocation, invocation: ExecInvocation): Map<string, string> {
  const [known, resumed] = [typed, invocation].map((words) => readPromptAndSession(words).session);
  if (invocation.command !== 'exec resume' || known === undefined || !isThreadId(known))
    return new Map();
  return new Map(resumed === undefined || resumed === known ? [] : [[resumed, known]]);
}

/** See {@link ExecSessionParts}. Codex itself finds the thread for a name or for `--last`. */
function requestedThread(invocation: ExecInvocation): string | undefined {
  if (invocation.command !== 'exec resume') return 'new';
  const { session } = readPromptAndSession(invocation);
  return session !== undefined && isThreadId(session) ? session.toLowerCase() : undefined;
}
