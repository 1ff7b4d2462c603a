import { Command } from 'commander';
import { chooseTarget } from '../../accounts/choice.ts';
import { readTargets } from '../../accounts/target-snapshot.ts';
import { HotswapError } from '../../errors.ts';
import { describeTime } from '../../local-time.ts';
import { type Context, currentName, nowSeconds, readReconciledConfig } from '../context.ts';
import { describeWait } from '../time-text.ts';
import { makeCurrent } from './use.ts';

export function nextCommand(context: Context): Command {
  return new Command('next')
    .description('choose the next usable account for new sessions')
    .option('--print-only', 'print its name, and change nothing')
    .addHelpText('after', '\nExample:\n  codex-hotswap next && codex')
    .action(async ({ printOnly }: { printOnly?: boolean }) => {
      const { paths, now, say } = context;
      const config = await readReconciledConfig(context);
      const current = currentName(context, config);
      const choice = chooseTarget({
        targets: readTargets(paths, config),
        current,
        exclude: current,
        strategy: config.strategy,
        nowSeconds: nowSeconds(context),
      });
      if (choice.kind === 'chosen' && printOnly) return say(choice.target.name);
      if (choice.kind === 'chosen') return makeCurrent(context, config, choice.target.name);

      const others = choice.reasons.filter(({ target }) => target !== current);
      const why = others
        .map(({ target, standing }) => `${target}: ${standing.evidence}`)
        .join(', ');
      const { earliest } = choice;
      throw new HotswapError(
        'no-usable-target',
        `no other account can be used now (${why || `${current} is the only one`})`,
        earliest === undefined
          ? 'see: codex-hotswap status'
          : `${earliest.target} is back at ${describeTime(earliest.until, now)} (${describeWait(earliest.until, now)})`,
      );
    });
}
