import { Command } from 'commander';
import { clearMarks } from '../../accounts/account-state.ts';
import { describeMark } from '../../accounts/choice.ts';
import { type Context, findTarget, requireConfig } from '../context.ts';

export function resetCommand(context: Context): Command {
  return new Command('reset')
    .description('forget that a target hit its limit, or that any did')
    .argument('[target]', 'one target (default: all)')
    .addHelpText('after', '\nExample:\n  codex-hotswap reset acc1')
    .action((name: string | undefined) => {
      const config = requireConfig(context);
      const targets = name === undefined ? config.targets : [findTarget(config, name)];
      const cleared = targets.map((target) => ({
        target,
        marks: clearMarks(context.paths, target.name),
      }));
      for (const { target, marks } of cleared.filter(({ marks }) => marks.length > 0)) {
        context.say(`${target.name}: forgot that ${marks.map(describeMark).join('; ')}`);
      }
      if (cleared.every(({ marks }) => marks.length === 0)) context.say('nothing was marked');
    });
}
