import { Command } from 'commander';
import { chooseTarget } from '../../accounts/choice.ts';
import { readTargets } from '../../accounts/target-snapshot.ts';
import { HotswapError } from '../../errors.ts';
import { type Context, currentName, nowSeconds, readReconciledConfig } from '../context.ts';
import { describeTime, describeWait } from '../time-text.ts';
import { switchTo } from './use.ts';

export function nextCommand(context: Context): Command {
  return new Command('next')
    .description('choose the next target that can be used')
    .option('--print-only', 'only print its name; change nothing')
    .addHelpText('after', '\nExample:\n  codex-hotswap next && codex')
    .action(async ({ printOnly }: { printOnly?: boolean }) => {
      const config = await readReconciledConfig(context);
      const current = currentName(context, config);
      const choice = chooseTarget({
        targets: readTargets(context.paths, config),
        current,
        exclude: current,
        strategy: config.strategy,
        nowSeconds: nowSeconds(context),
      });
      if (choice.kind === 'chosen' && printOnly) return context.say(choice.target.name);
      if (choice.kind === 'chosen') return switchTo(context, config, choice.target.name);

      const others = choice.reasons.filter(({ target }) => target !== current);
      const why = others.map(({ target, reason }) => `${target}: ${reason}`).join(', ');
      const { earliest } = choice;
      throw new HotswapError(
        'no-usable-target',
        `no other target can be used now (${why || `${current} is the only one`})`,
        earliest === undefined
          ? 'see: codex-hotswap status'
          : `${earliest.target} is back at ${describeTime(earliest.until, context.now)} (${describeWait(earliest.until, context.now)})`,
      );
    });
}
