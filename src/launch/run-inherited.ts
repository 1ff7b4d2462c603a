import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { describeError } from '../errors.ts';
import type { Ending } from '../handoff/states.ts';
import { createLifeLine } from '../session/exec/end-with-us.ts';
import { ignoringHangup } from '../session/exec/ignore-hangup.ts';
import { catchUncaught } from '../state/uncaught-errors.ts';

export interface InheritedCommand {
  file: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** The child is started with SIGHUP ignored. */
  ignoresHangup?: boolean;
}

/**
 * Runs a command on the user's own stdin, stdout and stderr, in our process group, and waits for its end. Uses no pty: a pty
 * would merge stderr into stdout and change the output of the child (pty fact 6).
 * @throws the spawn error (ENOENT, EACCES) when the command cannot be started.
 */
export function runInherited(command: InheritedCommand): Promise<Ending> {
  let bug: string | undefined;
  // After an error of ours the child goes on, and we end as it ends.
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
    // The terminal sends Ctrl-C to the whole group, so to us, too: the child decides, and we wait. We pass on a signal that
    // was sent to us alone. So the child may get INT twice, exactly as under the npm launcher.
    const relayed = RELAYED.filter((signal) => !(command.ignoresHangup && signal === 'SIGHUP'));
    const relays = relayed.map((signal) => {
      const relay = () => void child.kill(signal);
      process.on(signal, relay);
      return () => process.off(signal, relay);
    });
    const stopRelaying = () => {
      for (const stop of relays) stop();
    };
    const lifeLine = createLifeLine();
    if (child.pid !== undefined) lifeLine.hold(child.pid);
    child.once('error', (error) => {
      stopRelaying();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      stopRelaying();
      if (bug !== undefined) process.stderr.write(`${bug}\n`);
      const ending: Ending = signal
        ? { kind: 'signalled', signal, number: constants.signals[signal] }
        : { kind: 'exited', code: code ?? 1 };
      void lifeLine.letGo().then(() => resolve(ending));
    });
  });
}

const RELAYED: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
