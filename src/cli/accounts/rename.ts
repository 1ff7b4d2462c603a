import { lstatSync } from 'node:fs';
import { Command } from 'commander';
import { renameTarget } from '../../accounts/rename.ts';
import { authFileOf, validateTargetName } from '../../accounts/vault.ts';
import { refuseVaultHome } from '../../accounts/vault-home.ts';
import { HotswapError } from '../../errors.ts';
import { repointOverlays } from '../../overlay/overlays-of-login.ts';
import { type Config, defaultVault, type Target } from '../../state/config.ts';
import type { Paths } from '../../state/paths.ts';
import { type Context, findTarget, readReconciledConfig, requireConfig } from '../context.ts';
import { refuseWhileUsed } from '../session/live-sessions.ts';
import { linkSharedHome } from '../set-up/link-shared-home.ts';

export function renameCommand(context: Context): Command {
  return new Command('rename')
    .description('give an account another name')
    .argument('<account>', 'its present name')
    .argument('<name>', 'its new name')
    .option('--force', 'also while a session runs under it')
    .addHelpText('after', '\nExample:\n  codex-hotswap rename acc1 main')
    .action((from: string, to: string, options: { force?: boolean }) =>
      rename(context, from, to, options.force ?? false),
    );
}

async function rename(context: Context, from: string, to: string, force: boolean): Promise<void> {
  const { paths, say } = context;
  validateTargetName(to);
  const config = await readReconciledConfig(context);
  const target = findTarget(config, from);
  refuseTaken(config, target, to);
  if (!force) refuseWhileUsed(paths, target, 'rename it');
  const vault = newVault(paths, target, to);
  if (vault !== target.vault) refuseVaultHome(paths.sharedHome, [target]);
  await renameTarget(paths, { from: { name: from, vault: target.vault }, to: { name: to, vault } });
  // With --force, sessions may run. They save their tokens through these links.
  repointOverlays(paths, authFileOf(target), authFileOf({ vault }));
  linkSharedHome(context, requireConfig(context));
  say(`${from} is called ${to} now`);
}

function refuseTaken(config: Config, target: Target, name: string): void {
  const taken = config.targets.some(
    (known) => known !== target && known.name.toLowerCase() === name.toLowerCase(),
  );
  if (!taken && target.name !== name) return;
  throw new HotswapError(
    'usage',
    taken ? `an account called ${name} exists already` : `it is called ${name} already`,
    'choose another name',
  );
}

/** A vault in the default place gets the new name. A vault elsewhere keeps its place. */
function newVault(paths: Paths, target: Target, name: string): string {
  if (target.vault !== defaultVault(paths, target.name)) return target.vault;
  const vault = defaultVault(paths, name);
  const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  // Without the old vault nothing has to move: it was never made, or a former `rename` has moved it.
  if (isThere(target.vault) && isThere(vault)) {
    throw new HotswapError(
      'usage',
      `${vault} exists already`,
      'move it away, or choose another name',
    );
  }
  return vault;
}
