import { Command } from 'commander';
import { chooseTarget } from '../../accounts/choice.ts';
import { listDoubted } from '../../accounts/doubt.ts';
import { readTargets } from '../../accounts/target-snapshot.ts';
import { HotswapError } from '../../errors.ts';
import { createAsker } from '../../launch/ask-marked.ts';
import { findProgram, locateCodex } from '../../launch/locate-codex.ts';
import { describeTime } from '../../local-time.ts';
import type { Config } from '../../state/config.ts';
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
      const choose = () =>
        chooseTarget({
          targets: readTargets(paths, config),
          current,
          exclude: current,
          strategy: config.strategy,
          nowSeconds: nowSeconds(context),
        });
      let choice = choose();
      if (choice.kind === 'none' && (await askAboutMarks(context, config, current))) {
        choice = choose();
      }
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

/** Before no account can be used, the service is asked (accounts/doubt.ts). @returns whether it was. */
async function askAboutMarks(
  context: Context,
  config: Config,
  exclude: string | undefined,
): Promise<boolean> {
  const { paths, env } = context;
  const targets = readTargets(paths, config);
  const nothing = { chosen: undefined, preferred: undefined };
  const names = listDoubted({ targets, ...nothing, exclude, nowSeconds: nowSeconds(context) });
  const found = locateCodex(env, paths);
  if (names.length === 0 || found.kind !== 'found') return false;
  await createAsker({ paths, config, program: () => findProgram(found.path, env) }).ask(names);
  return true;
}
