import { Command } from 'commander';
import { type Context, currentName, requireConfig } from '../context.ts';

export function currentCommand(context: Context): Command {
  return new Command('current')
    .description('print the name of the account new sessions start with, where no rule holds')
    .addHelpText('after', '\nExample:\n  PS1="$(codex-hotswap current) $PS1"')
    .action(() => context.say(currentName(context, requireConfig(context))));
}
