import { resolve } from 'node:path';
import { type ExecInvocation, flagValues, hasFlag, promptAndSession } from '../codex/argv.ts';
import { rolloutsByDate, threadBeganAt } from '../codex/rollout-dates.ts';
import { readSessionMeta } from '../codex/rollout-file.ts';
import { isThreadId, type OpenThread, threadIdOf } from '../codex/thread-files.ts';
import type { Slot } from '../overlay/slot.ts';
import type { Alert } from '../session/alert.ts';
import { type ExecParts, runExec } from '../session/exec.ts';
import { keepInput } from '../session/kept-input.ts';
import type { Ending } from '../session/machine/vocabulary.ts';
import { canonicalDirectory } from '../state/directories.ts';
import type { planExecChildren } from './plans.ts';

export interface ExecLaunch
  extends Pick<
    ExecParts,
    'noteChild' | 'noteThread' | 'desk' | 'accounts' | 'log' | 'say' | 'wait' | 'askLimits'
  > {
  alert: Alert;
  invocation: ExecInvocation;
  plans: Awaited<ReturnType<typeof planExecChildren>>;
  slot: Slot;
}

/** Runs `codex exec`, `exec resume`, `exec fork`, `exec review` or `review` until it ends for good. */
export function runExecSession(launch: ExecLaunch): Promise<Ending> {
  const { invocation, plans, slot, alert, ...rest } = launch;
  return runExec({
    ...rest,
    announce: (line) => {
      rest.say(line);
      // The child is gone, and so is whatever it was writing.
      if (process.stderr.isTTY) process.stderr.write(alert(line));
    },
    firstPlan: plans.first,
    resumePlan: plans.resume,
    againPlan: plans.again,
    input: keepInput(!leavesThread(invocation)),
    asAWhole: !leavesThread(invocation),
    threadAskedFor: threadAskedFor(invocation),
    searchThread: (startedAtMs) =>
      leavesThread(invocation)
        ? searchThread(slot.sharedHome, invocation, plans.first.cwd, startedAtMs)
        : Promise.resolve('none'),
  });
}

/** Whether there is a thread to go on with; a review has a record, but is only ever done as a whole. */
function leavesThread(invocation: ExecInvocation): boolean {
  return !/review$/.test(invocation.command) && !hasFlag(invocation, 'ephemeral');
}

/** See {@link ExecParts}. A name instead of an id, or `--last`, is for Codex to look up. */
function threadAskedFor(invocation: ExecInvocation): string | undefined {
  if (invocation.command !== 'exec resume') return 'new';
  const { session } = promptAndSession(invocation);
  return session !== undefined && isThreadId(session) ? session.toLowerCase() : undefined;
}

/**
 * The thread of a child that is gone, if it can be no other's: named on the command line, or the only one that an exec
 * began in this directory since.
 */
async function searchThread(
  sharedHome: string,
  invocation: ExecInvocation,
  cwd: string,
  startedAtMs: number,
): Promise<OpenThread | 'none' | 'unknown'> {
  const { session } = promptAndSession(invocation);
  const named = invocation.command === 'exec resume' ? session : undefined;
  const directory = canonicalDirectory(resolve(cwd, flagValues(invocation, 'cd').at(-1) ?? '.'));
  const found: OpenThread[] = [];
  for (const rollout of rolloutsByDate(sharedHome)) {
    const threadId = threadIdOf(rollout);
    if (threadId === undefined) continue;
    if (named !== undefined) {
      if (threadId === named) return { threadId, rollout };
      continue;
    }
    if ((threadBeganAt(rollout) ?? 0) < startedAtMs - 1000) break;
    const meta = await readSessionMeta(rollout).catch(() => undefined);
    if (
      meta?.source === 'exec' &&
      meta.cwd !== undefined &&
      canonicalDirectory(meta.cwd) === directory
    ) {
      found.push({ threadId, rollout, cwd: meta.cwd });
    }
  }
  if (found.length > 1) return 'unknown';
  return found[0] ?? 'none';
}
