/**
 * Makes a command that starts the given command with SIGHUP ignored. Node resets every signal in a process that it starts
 * (pty fact 17). A shell does not reset them.
 */
export function ignoringHangup<Command extends { file: string; args: readonly string[] }>(
  command: Command,
): Command {
  const { file, args } = command;
  return { ...command, file: '/bin/sh', args: ['-c', SCRIPT, 'sh', file, ...args] };
}

const SCRIPT = `trap '' HUP; exec "$@"`;
