import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { NotStartedError } from '../../errors.ts';
import type { ChildPlan } from '../../handoff/effects.ts';
import type { Ending } from '../../handoff/states.ts';
import { ignoringHangup } from '../exec/ignore-hangup.ts';
import type { SessionParts } from '../session-parts.ts';
import { relaySignals } from '../signals.ts';

export interface AppServerSessionParts extends SessionParts {
  /** Plans a child: the user's own command line in the overlay. Asked before each child. */
  first: ChildPlan;
  nextPlan(directory: string | undefined): Promise<ChildPlan>;
  /** The client's side: our own stdin and stdout, or a socket's. */
  client: { input: Readable; output: Writable };
  sharedHome: string;
  /** Told once: clientInfo of `initialize`, bounded and made plain. */
  recordClient(name: string): void;
  /** Codex is started with SIGHUP ignored. */
  ignoresHangup?: boolean;
  /** One line for the user's stderr. Nothing of ours goes to stdout. */
  say(line: string): void;
}

/**
 * Runs a `codex app-server` between its client and us. Until the relay is there it is a pipe, and no limit moves it.
 * @returns how the child ended.
 * @throws NotStartedError when the child could not be started.
 */
export async function runAppServerSession(parts: AppServerSessionParts): Promise<Ending> {
  const { input, output } = parts.client;
  const { file, args, cwd, env } = parts.ignoresHangup ? ignoringHangup(parts.first) : parts.first;
  const child = spawn(file, args, { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = endOf(child);
  const stopRelaying = relaySignals(
    (signal) => void child.kill(signal),
    parts.ignoresHangup ? 'SIGHUP' : undefined,
  );
  try {
    await once(child, 'spawn');
  } catch (error) {
    stopRelaying();
    throw new NotStartedError(error);
  }
  if (child.pid !== undefined) parts.recordChild(child.pid);
  // EPIPE: the child has ended, or the client reads no more. The child decides what that means.
  child.stdin.on('error', () => input.pause());
  output.on('error', () => child.stdout.destroy());
  input.pipe(child.stdin);
  child.stdout.pipe(output, { end: false });
  const ending = await ended;
  stopRelaying();
  input.unpipe(child.stdin);
  input.pause();
  await new Promise<void>((resolve) => output.write('', () => resolve()));
  return ending;
}

function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    // Its last bytes come before `close`.
    child.once('close', (code, signal) => {
      resolve(
        signal
          ? { kind: 'signalled', signal, number: constants.signals[signal] }
          : { kind: 'exited', code: code ?? 1 },
      );
    });
  });
}
