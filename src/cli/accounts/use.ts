import { Command } from 'commander';
import { readCurrent, writeCurrent } from '../../accounts/current.ts';
import { readTargets } from '../../accounts/target-snapshot.ts';
import { HotswapError } from '../../errors.ts';
import type { Config } from '../../state/config.ts';
import { type Context, findTarget, readReconciledConfig } from '../context.ts';
import { reportTarget, type TargetReport } from '../look/target-report.ts';
import { linkSharedHomeFor } from '../set-up/link-shared-home.ts';

export function useCommand(context: Context): Command {
  return new Command('use')
    .description('choose the target new sessions start with')
    .argument('<target>', 'its name, or - for the one before')
    .addHelpText('after', '\nExample:\n  codex-hotswap use acc1')
    .action(async (name: string) => {
      const config = await readReconciledConfig(context);
      switchTo(context, config, name === '-' ? previousName(context) : name);
    });
}

/**
 * Makes a target the current one, for codex-hotswap and, where that is safe, for the plain codex of this home too.
 * @throws HotswapError `unknown-target`; `no-usable-target` when it has no login that works: nothing is changed then.
 */
export function switchTo(context: Context, config: Config, name: string): void {
  const { paths, now, say, warn } = context;
  const target = findTarget(config, name);
  const snapshots = readTargets(paths, config);
  const report = snapshots
    .filter((snapshot) => snapshot.target.name === target.name)
    .map((snapshot) => reportTarget(snapshot, target.name, now))[0];
  if (report !== undefined) refuseWithoutLogin(report);
  writeCurrent(paths, target.name);
  say(`new sessions start with ${target.name}${report?.email ? ` (${report.email})` : ''}`);
  if (config.strategy !== 'order') {
    warn(
      `the strategy ${config.strategy} goes before it, where another target has more to offer; to start with this one: codex-hotswap config set strategy order`,
    );
  }
  if (report?.reason) warn(`${target.name}: ${report.reason}`);
  linkSharedHomeFor(context, config, target);
}

/** A limit ends by itself; without a login the target cannot be used. */
function refuseWithoutLogin({ name, state, reason, marks }: TargetReport): void {
  const isUsable = ['ready', 'off', 'marked'].includes(state);
  const needsLogin = marks.some(({ kind }) => kind === 'needs-login');
  if (isUsable && !needsLogin) return;
  throw new HotswapError(
    'no-usable-target',
    `${name} cannot be used: ${reason}`,
    'nothing was changed',
  );
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
