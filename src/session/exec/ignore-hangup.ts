/**
 * The command that starts another with SIGHUP ignored. Node resets every signal in what it starts (pty fact 17);
 * a shell does not, and becomes the command.
 */
export function ignoringHangup<Command extends { file: string; args: readonly string[] }>(
  command: Command,
): Command {
  const { file, args } = command;
  return { ...command, file: '/bin/sh', args: ['-c', SCRIPT, 'sh', file, ...args] };
}

const SCRIPT = `trap '' HUP; exec "$@"`;
