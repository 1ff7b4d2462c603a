import { Command, CommanderError } from 'commander';
import { describeError } from '../errors.ts';
import { toPlainText } from '../plain-text.ts';
import { VERSION } from '../state/package-files.ts';
import { requireOwnHome } from '../state/paths.ts';
import { codexLoginCommand } from './accounts/codex-login.ts';
import { currentCommand } from './accounts/current.ts';
import { disableCommand } from './accounts/disable.ts';
import { enableCommand } from './accounts/enable.ts';
import { importCommand } from './accounts/import.ts';
import { loginCommand } from './accounts/login.ts';
import { nextCommand } from './accounts/next.ts';
import { refreshCommand } from './accounts/refresh.ts';
import { removeCommand } from './accounts/remove.ts';
import { renameCommand } from './accounts/rename.ts';
import { resetCommand } from './accounts/reset.ts';
import { ruleCommand } from './accounts/rule.ts';
import { useCommand } from './accounts/use.ts';
import { type Context, createContext } from './context.ts';
import { doctorCommand } from './doctor/doctor.ts';
import { explainCommand } from './look/explain.ts';
import { logCommand } from './look/log.ts';
import { statusCommand } from './look/status.ts';
import { launchCommand } from './session/launch.ts';
import { resumeCommand } from './session/resume.ts';
import { sessionsCommand } from './session/sessions.ts';
import { completeCommand } from './set-up/complete.ts';
import { completionCommand } from './set-up/completion.ts';
import { configCommand } from './set-up/config.ts';
import { installShimCommand } from './set-up/install-shim.ts';
import { setupCommand } from './set-up/setup.ts';
import { uninstallCommand } from './set-up/uninstall.ts';
import { uninstallShimCommand } from './set-up/uninstall-shim.ts';

/**
 * Runs one management command.
 * @returns its exit status: 0, 1 when doctor finds an issue, 2 for wrong usage, or that of the error (see errors.ts).
 */
export async function runCli(args: string[]): Promise<number> {
  const context = createContext(process.env);
  process.exitCode = 0;
  process.stdout.on('error', endOnOutputError);
  try {
    await createProgram(context).parseAsync(args, { from: 'user' });
    return Number(process.exitCode);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // already printed
    const { text, exitStatus } = describeError(error);
    for (const line of text.split('\n')) process.stderr.write(`${toPlainText(line)}\n`);
    return exitStatus;
  }
}

/** In the order of the help text. */
const COMMANDS: ((context: Context) => Command)[] = [
  setupCommand,
  loginCommand,
  importCommand,
  renameCommand,
  removeCommand,
  useCommand,
  nextCommand,
  currentCommand,
  ruleCommand,
  launchCommand,
  resumeCommand,
  sessionsCommand,
  statusCommand,
  refreshCommand,
  resetCommand,
  enableCommand,
  disableCommand,
  installShimCommand,
  uninstallShimCommand,
  uninstallCommand,
  doctorCommand,
  configCommand,
  logCommand,
  explainCommand,
  completionCommand,
];

function createProgram(context: Context): Command {
  const program = new Command('codex-hotswap')
    .description(
      'Type `codex` as always; when an account hits its usage limit, your next account continues the work.',
    )
    .version(VERSION)
    .hook('preAction', () => requireOwnHome(context.paths.home));
  for (const create of COMMANDS) program.addCommand(create(context));
  for (const create of [codexLoginCommand, completeCommand]) {
    program.addCommand(create(context), { hidden: true });
  }
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({
      outputError: (text, write) =>
        write(`${toPlainText(oneLine(text))}; see: ${helpOf(command)}\n`),
    });
  }
  return program;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** A closed pipe is no error (`codex-hotswap log | head`). A full disk is an error (`status >/dev/full`). */
function endOnOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit();
  const { text, exitStatus } = describeError(error);
  process.stderr.write(`${text}\n`);
  process.exit(exitStatus);
}

/** Makes one line of what commander says: `error: unknown command 'staus'\n(Did you mean status?)`. */
function oneLine(text: string): string {
  return `codex-hotswap: ${text
    .replace(/^error: /, '')
    .trim()
    .replace(/\.$/, '')
    .replaceAll('\n', ' ')}`;
}

function helpOf(command: Command): string {
  const words: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) words.unshift(at.name());
  return `${words.join(' ')} --help`;
}
