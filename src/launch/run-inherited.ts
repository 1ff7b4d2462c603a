import { spawn } from 'node:child_process';
import { describeError } from '../errors.ts';
import { ignoringHangup } from '../session/exec/ignore-hangup.ts';
import { catchUncaught } from '../state/uncaught-errors.ts';

/** How a process ended, as wait(2) tells it. */
export type Ending =
  | { kind: 'exited'; code: number }
  | { kind: 'signalled'; signal: NodeJS.Signals; number?: number };

export interface InheritedCommand {
  file: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** SIGHUP is not for the child, which is started with it ignored. */
  ignoresHangup?: boolean;
}

/**
 * Runs a command on the user's own stdin, stdout and stderr, in our process group, and waits for its end.
 * No pty: that would merge stderr into stdout and change what the child prints (pty fact 6).
 * @throws the spawn error (ENOENT, EACCES) when the command cannot be started.
 */
export function runInherited(command: InheritedCommand): Promise<Ending> {
  let bug: string | undefined;
  // The child goes on whatever becomes of us, and how it ends is how we end.
  catchUncaught((error) => {
    bug ??= describeError(error).text;
  });
  return new Promise((resolve, reject) => {
    const { file, args } = command.ignoresHangup ? ignoringHangup(command) : command;
    const child = spawn(file, args, {
      cwd: command.cwd,
      env: command.env,
      stdio: 'inherit',
    });
    // The tty sends Ctrl-C to the whole group, us included: the child decides, we only wait. A signal sent to
    // us alone is passed on; the child may so get INT twice, exactly as under the npm launcher.
    const relayed = RELAYED.filter((signal) => !(command.ignoresHangup && signal === 'SIGHUP'));
    const relays = relayed.map((signal) => {
      const relay = () => void child.kill(signal);
      process.on(signal, relay);
      return () => process.off(signal, relay);
    });
    const stopRelaying = () => {
      for (const stop of relays) stop();
    };
    child.once('error', (error) => {
      stopRelaying();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      stopRelaying();
      if (bug !== undefined) process.stderr.write(`${bug}\n`);
      resolve(signal ? { kind: 'signalled', signal } : { kind: 'exited', code: code ?? 1 });
    });
  });
}

const RELAYED: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
