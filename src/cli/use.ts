import { Command } from 'commander';
import { readCurrent, writeCurrent } from '../accounts/current.ts';
import { readStandings } from '../accounts/standing.ts';
import { HotswapError } from '../errors.ts';
import type { Config } from '../state/config.ts';
import { type Context, findTarget, requireConfig } from './context.ts';
import { primeFor } from './prime.ts';
import { reportTarget } from './target-report.ts';

export function useCommand(context: Context): Command {
  return new Command('use')
    .description('choose the target new sessions start with')
    .argument('<target>', 'its name, or - for the one before')
    .addHelpText('after', '\nExample:\n  codex-hotswap use acc1')
    .action((name: string) => {
      const config = requireConfig(context);
      switchTo(context, config, name === '-' ? previousName(context) : name);
    });
}

/** Makes a target the current one, for codex-hotswap and, where that is safe, for the plain codex of this home too. */
export function switchTo(context: Context, config: Config, name: string): void {
  const { paths, now, say, warn } = context;
  const target = findTarget(config, name);
  writeCurrent(paths, target.name);
  const { standings, notices } = readStandings(paths, config);
  for (const notice of notices) warn(notice);
  const report = standings
    .filter((standing) => standing.target.name === target.name)
    .map((standing) => reportTarget(standing, target.name, now))[0];
  say(`new sessions start with ${target.name}${report?.email ? ` (${report.email})` : ''}`);
  if (config.strategy !== 'order') {
    warn(
      `the strategy ${config.strategy} goes before it, where another target has more to offer; to start with this one: codex-hotswap config set strategy order`,
    );
  }
  if (report?.reason) warn(`${target.name}: ${report.reason}`);
  primeFor(context, config, target);
}

function previousName({ paths }: Context): string {
  const { previous } = readCurrent(paths);
  if (previous === undefined) {
    throw new HotswapError(
      'unknown-target',
      'there is no target before the current one',
      'name one',
    );
  }
  return previous;
}
