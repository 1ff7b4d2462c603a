import { Command } from 'commander';
import { clearMarks, readAccountState } from '../../accounts/account-state.ts';
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
        const marks = clearMarks(context.paths, target);
        if (marks.length === 0) continue;
        isMarked = true;
        context.say(
          `${target}: forgot that ${marks.map(describeMark).join('; ')}${tellFigures(context, target)}`,
        );
      }
      if (!isMarked) context.say('nothing was marked');
    });
}

/** The figures stay: they are what the service has told, and only order the accounts. */
function tellFigures({ paths, now }: Context, target: string): string {
  const usage = readUsage(readAccountState(paths, target).state.usage);
  if (usage === undefined || !isFullByFigures(usage, now.getTime() / 1000)) return '';
  return `; its figures still say that nothing is left, so it is used last; fresh ones: codex-hotswap refresh ${target}`;
}
