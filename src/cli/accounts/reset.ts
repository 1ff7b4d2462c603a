import { Command } from 'commander';
import { clearMarks } from '../../accounts/account-state.ts';
import { describeMark } from '../../accounts/marks.ts';
import { type Context, findTarget, requireConfig } from '../context.ts';

export function resetCommand(context: Context): Command {
  return new Command('reset')
    .description('forget that an account hit its limit')
    .argument('[account]', 'its name (default: all accounts)')
    .addHelpText('after', '\nExample:\n  codex-hotswap reset acc1')
    .action((name: string | undefined) => {
      const config = requireConfig(context);
      const targets = name === undefined ? config.targets : [findTarget(config, name)];
      let isMarked = false;
      for (const { name: target } of targets) {
        const marks = clearMarks(context.paths, target);
        if (marks.length === 0) continue;
        isMarked = true;
        context.say(`${target}: forgot that ${marks.map(describeMark).join('; ')}`);
      }
      if (!isMarked) context.say('nothing was marked');
    });
}
