import { Command } from 'commander';
import { changeAccountState, clearMarks, readAccountState } from '../../accounts/account-state.ts';
import { describeMark } from '../../accounts/marks.ts';
import { isFullByFigures } from '../../accounts/standing.ts';
import { readUsage } from '../../accounts/usage.ts';
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
        const forgot = [
          ...clearMarks(context.paths, target).map((mark) => `that ${describeMark(mark)}`),
          ...(forgetFullFigures(context, target) ? ['the figures that left it nothing'] : []),
        ];
        if (forgot.length === 0) continue;
        isMarked = true;
        context.say(`${target}: forgot ${forgot.join('; ')}`);
      }
      if (!isMarked) context.say('nothing was marked');
    });
}

/** Figures that say that nothing is left would make the account the last one. @returns whether there were such figures. */
function forgetFullFigures({ paths, now }: Context, target: string): boolean {
  const usage = readUsage(readAccountState(paths, target).state.usage);
  if (usage === undefined || !isFullByFigures(usage, now.getTime() / 1000)) return false;
  changeAccountState(paths, target, ({ usage: _forgotten, ...state }) => state);
  return true;
}
