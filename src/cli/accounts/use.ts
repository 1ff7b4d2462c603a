import { Command } from 'commander';
import { readCurrent, writeCurrent } from '../../accounts/current.ts';
import { readTargets } from '../../accounts/target-snapshot.ts';
import { HotswapError } from '../../errors.ts';
import { createAsker, readCheckedTargets } from '../../launch/ask-marked.ts';
import { findProgram, locateCodex } from '../../launch/locate-codex.ts';
import { tellUnreachedShim } from '../../launch/shim-place.ts';
import type { Config } from '../../state/config.ts';
import { type Context, findTarget, readReconciledConfig } from '../context.ts';
import { tellUseHere } from '../look/rule-report.ts';
import { reportTarget, type TargetReport } from '../look/target-report.ts';
import { tellServersElsewhere } from '../session/live-sessions.ts';
import { linkSharedHome } from '../set-up/link-shared-home.ts';
import { foreseeStart, tellStart } from './next-start.ts';

export function useCommand(context: Context): Command {
  return new Command('use')
    .description('choose the account new sessions start with')
    .argument('<account>', 'its name, or - for the previous one')
    .addHelpText('after', '\nExample:\n  codex-hotswap use acc1')
    .action(async (name: string) => {
      const config = await readReconciledConfig(context);
      const wanted = findTarget(config, name === '-' ? previousName(context) : name).name;
      await askAboutOldMark(context, config, wanted);
      makeCurrent(context, config, wanted);
    });
}

/** A launch asks the service before it trusts an old mark (see ask-marked.ts). So what we say about the launch does so, too. */
async function askAboutOldMark(context: Context, config: Config, name: string): Promise<void> {
  const { paths, env } = context;
  const found = locateCodex(env, paths);
  if (found.kind !== 'found') return;
  const wanted = { kind: 'preferred', target: name } as const;
  const { ask } = createAsker({ paths, config, program: () => findProgram(found.path, env) });
  await readCheckedTargets(paths, config, { wanted }, ask);
}

/**
 * Makes a target the current one. Links the shared home to its login, where no login is lost by that.
 * @throws HotswapError `unknown-target`; `no-usable-target` when the target has no working login. Nothing is changed then.
 */
export function makeCurrent(context: Context, config: Config, name: string): void {
  const { paths, now, say, warn } = context;
  findTarget(config, name);
  const targets = readTargets(paths, config);
  const snapshot = targets.find(({ target }) => target.name === name);
  const report = snapshot && reportTarget(snapshot, name, now, targets);
  if (report !== undefined) refuseWithoutLogin(report);
  writeCurrent(paths, name);
  const question = { config, targets, current: name, now };
  say(tellStart(question, report?.email ? ` (${report.email})` : ''));
  const start = foreseeStart(question);
  if (start?.target === name && start.notice !== undefined) warn(start.notice);
  const here = tellUseHere(context, config, start?.target ?? name);
  if (here !== undefined) warn(here);
  for (const line of tellServersElsewhere(paths, start?.target ?? name)) warn(line);
  linkSharedHome(context, config);
  const unreached = tellUnreachedShim(context.env, paths);
  if (unreached !== undefined) warn(unreached);
}

/** A target at its limit may be current, because a limit ends. A target without a login may not. */
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
  if (previous !== undefined) return previous;
  throw new HotswapError(
    'unknown-target',
    'no account was current before this one',
    'name an account: codex-hotswap use NAME',
  );
}
