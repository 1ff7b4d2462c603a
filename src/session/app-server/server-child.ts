import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { ChildPlan } from '../../handoff/effects.ts';
import type { Ending } from '../../handoff/states.ts';

/** A `codex app-server` whose stdin and stdout are pipes of ours. Its stderr is the user's. */
export interface ServerChild {
  pid: number | undefined;
  input: Writable;
  output: Readable;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when the server runs. Never, when it cannot be started. */
  spawned: Promise<void>;
  /** Resolves when the server has ended and its output has been read. Rejects when it cannot be started. */
  ended: Promise<Ending>;
}

/** @param waitsForClient after the end of the server: whether the client must get its last bytes. */
export function startServerChild(
  { file, args, cwd, env }: ChildPlan,
  waitsForClient: () => boolean,
): ServerChild {
  const child = spawn(file, args, { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] });
  // EPIPE: the end of the server is reported, too.
  child.stdin.on('error', () => undefined);
  return {
    pid: child.pid,
    input: child.stdin,
    output: child.stdout,
    signal: (signal) => void child.kill(signal),
    spawned: new Promise((resolve) => child.once('spawn', resolve)),
    ended: awaitEnd(child, waitsForClient),
  };
}

/** A command of the model may live on, and keep the server's output open. So the end of the process counts, a moment later. */
export const LAST_BYTES_MS = 200;

function awaitEnd(child: ChildProcess, waitsForClient: () => boolean): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const ending: Ending = signal
        ? { kind: 'signalled', signal, number: constants.signals[signal] }
        : { kind: 'exited', code: code ?? 1 };
      const settle = () => {
        // The client has not taken the last bytes yet.
        if (child.stdout?.isPaused() && waitsForClient()) setTimeout(settle, LAST_BYTES_MS);
        else resolve(ending);
      };
      child.once('close', () => resolve(ending));
      setTimeout(settle, LAST_BYTES_MS);
    });
  });
}
