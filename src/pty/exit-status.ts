import { constants } from 'node:os';

export type ExitStatus =
  | { kind: 'exited'; code: number }
  | { kind: 'signalled'; signal: NodeJS.Signals; number: number };

/**
 * How the command ended, from the `$?` of a shell that folds "killed by signal n" into 128+n.
 *
 * The shell names the signal on its stderr ("Terminated", "Killed"), and that is the evidence (pty fact 15). dash and bash
 * name every deadly signal but INT and PIPE. The monitor reports INT where the shell can tell. A status of 141 counts as
 * PIPE. If the guess is wrong for one of these two, the caller's shell still sees the same `$?`.
 * Only SIGKILL ends a stopped command. dash then gives 137 and writes nothing. bash writes "fg: job has terminated" and
 * loses the status.
 */
export function readShellStatus(
  code: number,
  { narrated, interrupted, stopped }: ShellEvidence,
): ExitStatus {
  if (stopped && (code === 128 + constants.signals.SIGKILL || (narrated && code < 128))) {
    return signalled('SIGKILL');
  }
  const signal = signalByNumber(code - 128);
  if (signal === undefined) return { kind: 'exited', code };
  const died = narrated || (signal === 'SIGINT' && interrupted) || signal === 'SIGPIPE';
  return died ? signalled(signal) : { kind: 'exited', code };
}

export interface ShellEvidence {
  /** The shell has written to its stderr since the command was started or continued last. */
  narrated: boolean;
  /** 130 can only have been SIGINT. */
  interrupted: boolean;
  /** The command was stopped at least once. */
  stopped: boolean;
}

/** The status of a process waited for directly, as node-pty reports it: a signal's number, or 0 and the exit code. */
export function readWaitStatus(exitCode: number, signalNumber: number | undefined): ExitStatus {
  const signal = signalByNumber(signalNumber ?? 0);
  return signal === undefined ? { kind: 'exited', code: exitCode } : signalled(signal);
}

function signalled(signal: NodeJS.Signals): ExitStatus {
  return { kind: 'signalled', signal, number: constants.signals[signal] };
}

function signalByNumber(number: number): NodeJS.Signals | undefined {
  return SIGNALS_BY_NUMBER.get(number);
}

// Aliases (SIGIOT, SIGPOLL) share a number with the name that is listed before them.
const SIGNALS_BY_NUMBER = new Map<number, NodeJS.Signals>();
for (const [name, number] of Object.entries(constants.signals)) {
  if (!SIGNALS_BY_NUMBER.has(number)) SIGNALS_BY_NUMBER.set(number, name as NodeJS.Signals);
}
