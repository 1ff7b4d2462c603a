import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { findOpenThread, type OpenThread } from '../../codex/thread-files.ts';
import type { ChildPlan } from '../../handoff/effects.ts';
import type { Ending } from '../../handoff/states.ts';
import type { EventOutput } from './event-output.ts';
import type { ChildInput } from './kept-input.ts';

/** A codex on the user's own stderr, in our process group, without a pty. Without `--json` it has the user's own stdout, too. */
export interface ExecChild {
  signal(signal: NodeJS.Signals): void;
  /** The child's thread, once it is found. `length`: the size of its record then. This child writes the bytes after it. */
  thread(): (OpenThread & { length: number | undefined }) | undefined;
  /** With `--json`, after its last line. Rejects with the spawn error when the child cannot be started. */
  ended: Promise<Ending>;
}

export interface ExecListeners {
  started(pid: number): void;
  bound(thread: OpenThread): void;
  /** With `--json`: the child says that its turn has failed. */
  turnFailed(): void;
}

/** A failing exec has its rollout open for 150 to 200 ms only (fact 91). A search costs a fraction of a millisecond. */
const SEARCH_MS = 25;

/**
 * Starts the child without a pty, which would merge stderr into stdout and change what Codex prints (pty fact 6).
 * @param listeners do not throw.
 * @param isOwn whether a rollout can be this child's. At its start Codex also opens rollouts of other sessions (fact 56).
 * @param output the way of its lines with `--json`. Undefined: it gets the user's own stdout.
 */
export function startExecChild(
  plan: ChildPlan,
  { input, output }: { input: ChildInput; output: EventOutput | undefined },
  listeners: ExecListeners,
  isOwn: (rollout: string) => boolean,
): ExecChild {
  const { file, args, cwd, env } = plan;
  const stdio = [input.stdio, output ? 'pipe' : 'inherit', 'inherit'] as const;
  const child = spawn(file, args, { cwd, env, stdio: [...stdio] });
  let thread: ReturnType<ExecChild['thread']>;
  let living = true;
  if (input.stdio === 'pipe' && child.stdin !== null) input.feed(child.stdin);
  if (child.stdout !== null) output?.attach(child.stdout, listeners.turnFailed);

  async function searchThread(pid: number): Promise<void> {
    while (living && thread === undefined) {
      const found = await findOpenThread(pid, isOwn).catch(() => undefined);
      if (found !== undefined) {
        thread = { ...found, length: lengthOf(found.rollout) };
        return listeners.bound(found);
      }
      await new Promise((resume) => setTimeout(resume, SEARCH_MS));
    }
  }

  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      living = false;
      const ending: Ending = signal
        ? { kind: 'signalled', signal, number: constants.signals[signal] }
        : { kind: 'exited', code: code ?? 1 };
      if (output === undefined) resolve(ending);
      else output.whenRead().then(() => resolve(ending), reject);
    });
  });
  const { pid } = child;
  if (pid !== undefined) {
    listeners.started(pid);
    void searchThread(pid);
  }
  return { signal: (signal) => void child.kill(signal), thread: () => thread, ended };
}

function lengthOf(rollout: string): number | undefined {
  return statSync(rollout, { throwIfNoEntry: false })?.size;
}
