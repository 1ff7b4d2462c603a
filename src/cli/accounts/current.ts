import { Command } from 'commander';
import { readTargets } from '../../accounts/target-snapshot.ts';
import { type Context, currentName, requireConfig } from '../context.ts';
import { foreseeStart } from './next-start.ts';

export function currentCommand(context: Context): Command {
  return new Command('current')
    .description('print the name of the account new sessions start with, where no rule holds')
    .addHelpText('after', '\nExample:\n  PS1="$(codex-hotswap current) $PS1"')
    .action(() => {
      const config = requireConfig(context);
      const current = currentName(context, config);
      const targets = readTargets(context.paths, config);
      const start = foreseeStart({ config, targets, current, now: context.now });
      context.say(start?.target ?? current);
    });
}
