import { fstatSync } from 'node:fs';
import { NotStartedError } from '../errors.ts';
import type { ChildPlan } from '../handoff/effects.ts';
import type { Ending } from '../handoff/states.ts';
import { recordUsers } from '../overlay/lease.ts';
import type { Slot } from '../overlay/slot.ts';
import type { spawnPty } from '../pty/spawn.ts';
import { runTuiSession } from '../session/tui/run-tui-session.ts';
import type { TuiSessionParts } from '../session/tui/tui-session.ts';
import { MONITOR } from '../state/package-files.ts';
import { ownIdentity, processStartTime } from '../state/process-identity.ts';
import { openTerminal, type Terminal } from '../terminal/terminal.ts';
import { isTerminal } from '../terminal/tty-facts.ts';
import { keepHeapSmall } from './small-heap.ts';

export interface SupervisedLaunch
  extends Pick<
    TuiSessionParts,
    | 'recordChild'
    | 'recordThread'
    | 'accounts'
    | 'accountCount'
    | 'log'
    | 'trace'
    | 'prompt'
    | 'wait'
    | 'alert'
    | 'title'
    | 'atLimit'
  > {
  slot: Slot;
  plans: {
    first: ChildPlan;
    resume: TuiSessionParts['resumePlan'];
    again: TuiSessionParts['againPlan'];
  };
  spawnPty: typeof spawnPty;
}

/** After this time Codex has drawn its first frame. */
const SETTLED_MS = 1000;

/** Runs the TUI behind a pty on the user's terminal until it ends for good. */
export async function runSupervised(launch: SupervisedLaunch): Promise<Ending> {
  const { slot, plans, spawnPty, ...parts } = launch;
  const terminal = openTerminalOrTell();
  const stderr = redirectedStderr();
  const session = runTuiSession({
    ...parts,
    terminal,
    spawn: (plan) =>
      spawnPty({
        ...plan,
        size: terminal.size(),
        monitor: MONITOR,
        side: slot.side,
        termios: terminal.termios,
        ...(stderr === undefined ? {} : { stderr }),
      }),
    firstPlan: plans.first,
    resumePlan: plans.resume,
    againPlan: plans.again,
  });
  setTimeout(keepHeapSmall, SETTLED_MS).unref(); // `node:v8` takes 2 ms to load
  return session;
}

/** Records the child as a user of the slot: a child that outlives a killed supervisor must not share its slot. */
export function holdSlot(slot: Slot, pid: number): void {
  const startTime = processStartTime(pid);
  if (startTime !== undefined) recordUsers(slot, [ownIdentity(), { pid, startTime }]);
}

// There is no `stty`, or the terminal does not answer: plain Codex may still run in that terminal.
function openTerminalOrTell(): Terminal {
  try {
    return openTerminal();
  } catch (error) {
    throw new NotStartedError(error);
  }
}

/** Whether a TUI can run: Codex wants stdin and stdout to be terminals, and a TERM (fact 76). */
export function hasTerminal(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env.TERM) && isTerminal(0) && isTerminal(1);
}

/**
 * A path to our stderr when the user has redirected it: the pty must replace only the terminal.
 * Undefined for the terminal, and for a socket, which has no path.
 */
function redirectedStderr(): string | undefined {
  if (isTerminal(2) || process.platform !== 'linux') return undefined;
  try {
    const stats = fstatSync(2);
    return stats.isSocket() ? undefined : `/proc/${process.pid}/fd/2`;
  } catch {
    return undefined; // closed: 2>&-
  }
}
