import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { findOpenThread, type OpenThread } from '../../codex/thread-files.ts';
import type { ChildPlan } from '../../handoff/effects.ts';
import type { Ending } from '../../handoff/states.ts';
import type { ChildInput } from './kept-input.ts';

/** A codex without a terminal of ours: on the user's own stdout and stderr, in our process group. */
export interface ExecChild {
  signal(signal: NodeJS.Signals): void;
  /** Its thread, as soon as it has one, and how long the record was when it was found: what follows is this child's. */
  thread(): (OpenThread & { length: number | undefined }) | undefined;
  /** Rejects with the spawn error when it cannot be started. */
  ended: Promise<Ending>;
}

export interface ExecListeners {
  started(pid: number): void;
  bound(thread: OpenThread): void;
  /** A listener has thrown; the child lives on. */
  failed(error: unknown): void;
}

/**
 * The rollout of a failing exec is open for no more than 150-200 ms in the lab (fact 91), and looking costs a fraction of a
 * millisecond; once it is found, nothing is looked at while the child runs.
 */
const LOOK_MS = 25;

/**
 * No pty: that would merge stderr into stdout and change what Codex prints (pty fact 6).
 * @param isOwn whether a rollout can be this child's: at its start Codex opens those of other sessions, too (fact 56).
 */
export function startExecChild(
  plan: ChildPlan,
  input: ChildInput,
  listeners: ExecListeners,
  isOwn: (rollout: string) => boolean,
): ExecChild {
  const { file, args, cwd, env } = plan;
  const stdio = [input.stdio, 'inherit', 'inherit'] as const;
  const child = spawn(file, args, { cwd, env, stdio: [...stdio] });
  let thread: ReturnType<ExecChild['thread']>;
  let living = true;
  if (input.stdio === 'pipe' && child.stdin !== null) input.feed(child.stdin);

  async function lookForThread(pid: number): Promise<void> {
    while (living && thread === undefined) {
      const found = await findOpenThread(pid, isOwn).catch(() => undefined);
      if (found !== undefined) {
        thread = { ...found, length: lengthOf(found.rollout) };
        return tell(() => listeners.bound(found));
      }
      await new Promise((resume) => setTimeout(resume, LOOK_MS));
    }
  }

  function tell(what: () => void): void {
    try {
      what();
    } catch (error) {
      listeners.failed(error);
    }
  }

  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      living = false;
      resolve(
        signal
          ? { kind: 'signalled', signal, number: constants.signals[signal] }
          : { kind: 'exited', code: code ?? 1 },
      );
    });
  });
  const { pid } = child;
  if (pid !== undefined) {
    tell(() => listeners.started(pid));
    void lookForThread(pid);
  }
  return { signal: (signal) => void child.kill(signal), thread: () => thread, ended };
}

function lengthOf(rollout: string): number | undefined {
  return statSync(rollout, { throwIfNoEntry: false })?.size;
}
