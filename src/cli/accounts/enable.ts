import { existsSync, rmSync } from 'node:fs';
import { Command } from 'commander';
import { findShims } from '../../launch/shim-place.ts';
import { attempt } from '../../state/attempt.ts';
import { updateConfig } from '../../state/config-store.ts';
import { readShimRecord } from '../../state/shim-record.ts';
import {
  type Context,
  findTarget,
  isSetUp,
  readReconciledConfig,
  requireConfig,
} from '../context.ts';
import { addShimOptions, putShim, type ShimOptions } from '../set-up/install-shim.ts';
import { linkSharedHome } from '../set-up/link-shared-home.ts';

export function enableCommand(context: Context): Command {
  const command = new Command('enable')
    .description('switch codex-hotswap on for `codex`, or switch one account on')
    .argument('[account]', 'switch on this account only: sessions may choose it again');
  return addShimOptions(command)
    .addHelpText('after', '\nExample:\n  codex-hotswap enable && hash -r')
    .action(async (name: string | undefined, options: ShimOptions) => {
      if (name !== undefined) {
        await readReconciledConfig(context);
        return switchTarget(context, name, true);
      }
      await switchOn(context, options);
    });
}

/**
 * Takes a `disable` back, before `setup` and with a broken configuration, too. Where nothing was switched off, or the shim is
 * gone, it installs the shim.
 * @throws HotswapError `not-set-up` when nothing was switched off and there is no account; as `putShim`.
 */
async function switchOn(context: Context, options: ShimOptions): Promise<void> {
  const { env, paths, say } = context;
  const wasOff = existsSync(paths.disabledFlag);
  if (!wasOff) requireConfig(context);
  rmSync(paths.disabledFlag, { force: true });
  const hadShim = findShims(env, paths).length > 0 || readShimRecord(paths) !== undefined;
  const wantsShim = options.shimPath !== undefined || options.rc !== undefined;
  if (hadShim || !wasOff || wantsShim) {
    await putShim(context, options);
    say('codex-hotswap is on: `codex` continues after a usage limit');
  } else {
    const hasAccounts = attempt(() => isSetUp(context)) ?? true; // a broken configuration has some
    const next = hasAccounts ? 'to run `codex` through it: codex-hotswap install-shim' : NOT_SET_UP;
    say(`codex-hotswap is on; ${next}`);
  }
  // After an uninstall the shared home has a copy of the login. The first copy that is refreshed ends the other (fact 15).
  if (isSetUp(context)) linkSharedHome(context, await readReconciledConfig(context));
}

const NOT_SET_UP = 'no accounts are set up yet; run: codex-hotswap setup';

/** Lets sessions choose a target, or not. Its login stays either way. @throws HotswapError `unknown-target`. */
export async function switchTarget(
  context: Context,
  name: string,
  enabled: boolean,
): Promise<void> {
  findTarget(requireConfig(context), name);
  await updateConfig(context.paths, (config) => ({
    ...config,
    targets: config.targets.map((target) =>
      target.name === name ? { ...target, enabled } : target,
    ),
  }));
  context.say(enabled ? `${name} is on` : `${name} is off: no new session chooses it`);
}
