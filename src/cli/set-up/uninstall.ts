import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { listHomesWithLink } from '../../accounts/last-link.ts';
import { unlinkSharedLogin } from '../../accounts/shared-login.ts';
import { listVaults, readTargets } from '../../accounts/target-snapshot.ts';
import { authFileOf } from '../../accounts/vault.ts';
import { tellVaultHome, vaultOfHome } from '../../accounts/vault-home.ts';
import { HotswapError } from '../../errors.ts';
import { slotPlaces } from '../../overlay/slot.ts';
import { listSlots, purgeSlots } from '../../overlay/sweep.ts';
import { type Config, EMPTY_CONFIG, readConfig } from '../../state/config.ts';
import { listReadableNames } from '../../state/files.ts';
import type { Paths } from '../../state/paths.ts';
import { ownIdentity } from '../../state/process-identity.ts';
import { removeAbandonedHomes } from '../accounts/login-home.ts';
import { keepSharedVault, listFirstNames, removeVault } from '../accounts/remove-vault.ts';
import type { Context } from '../context.ts';
import { confirm } from '../prompts.ts';
import { listLiveSessions } from '../session/live-sessions.ts';
import { STALE_SHELL } from './install-shim.ts';
import { takeShimAway } from './uninstall-shim.ts';

export function uninstallCommand(context: Context): Command {
  return new Command('uninstall')
    .description('make `codex` the real Codex again, with a copy of the current login')
    .option('--purge', 'remove the stored logins, the configuration and all records too')
    .option('--force', 'also while a session runs')
    .option('--yes', 'do not ask before a purge')
    .addHelpText('after', '\nExample:\n  codex-hotswap uninstall && npm uninstall -g codex-hotswap')
    .action((options: UninstallOptions) => uninstall(context, options));
}

interface UninstallOptions {
  purge?: boolean;
  force?: boolean;
  yes?: boolean;
}

async function uninstall(context: Context, options: UninstallOptions): Promise<void> {
  const { paths, say } = context;
  const { purge, force, yes } = options;
  const config = readConfigOrEmpty(context);
  if (purge && !force) refuseWhileAnyRuns(paths);
  if (purge && !yes && config.targets.length > 0) {
    const names = config.targets.map(({ name }) => name).join(', ');
    const question = `Delete the stored logins (${names}), the configuration and all records?`;
    await confirm(question, 'deleting the stored logins');
  }
  const home = vaultOfHome(paths.sharedHome, config.targets);
  if (home !== undefined) say(`${tellVaultHome(paths.sharedHome, home)}, so the login stays there`);
  takeShimAway(context);
  // Before the shared home gets its copy: the overlay of a killed session may have a newer login of the current account.
  if (purge) await removeOverlays(context, config);
  // Every vault, also one that other users can read, because plain codex keeps its login.
  const vaults = config.targets.map((target) => ({
    name: target.name,
    authFile: authFileOf(target),
  }));
  // A purge removes the vaults, and the auth.json of other Codex homes may be links to them.
  const homes = new Set([paths.sharedHome, ...(purge ? listHomesWithLink(paths) : [])]);
  for (const sharedHome of homes) {
    if (unlinkSharedLogin({ ...paths, sharedHome }, vaults) !== 'unlinked') continue;
    say(`${join(sharedHome, 'auth.json')} is a file again, not a link`);
  }
  if (purge) removeAll(context, config);
  else say(`logins and settings stay (${paths.configFile}); to remove them, add --purge`);
  say(STALE_SHELL);
}

/** The configuration; an empty one when the file is broken, because a user must still be able to uninstall. */
function readConfigOrEmpty({ paths, warn }: Context): Config {
  try {
    return readConfig(paths) ?? EMPTY_CONFIG;
  } catch (error) {
    if (!(error instanceof HotswapError)) throw error;
    warn(`${error.message}; the logins that it names stay`);
    return EMPTY_CONFIG;
  }
}

function refuseWhileAnyRuns(paths: Paths): void {
  const [session] = listLiveSessions(paths);
  // A session may have an overlay and no record, such as a session of version 0.1.0 on another machine.
  const slot = listSlots(paths).find(({ ownership }) => ownership.kind === 'owned');
  if (session === undefined && slot === undefined) return;
  throw new HotswapError(
    'in-use',
    session === undefined
      ? `a session runs in ${slotPlaces(paths.runtimeDir, slot?.number ?? 0).home}`
      : `a session runs under ${session.target} (in ${session.cwd})`,
    'end the session first, or add --force',
  );
}

/** Replaces each overlay by a link, because Codex remembers threads by a path through the overlay (fact 32). */
async function removeOverlays({ paths, now, warn }: Context, config: Config): Promise<void> {
  const snapshots = readTargets(paths, config);
  const options = { vaults: listVaults(snapshots), orphansDir: paths.orphansDir, now };
  const { kept } = await purgeSlots(paths, ownIdentity(), options);
  for (const { number, reason } of kept)
    warn(`${slotPlaces(paths.runtimeDir, number).home} stays: ${reason}`);
}

function removeAll({ paths, say, warn }: Context, config: Config): void {
  for (const [index, target] of config.targets.entries()) {
    const { name, vault } = target;
    const left =
      keepSharedVault(paths, target, config.targets.slice(index + 1)) ?? removeVault(vault);
    say(`${name} is forgotten; its account was not logged out`);
    if (left.length > 0) warn(`${vault} is kept, because it holds ${listFirstNames(left)}`);
  }
  removeAbandonedHomes(paths);
  rmSync(dirname(paths.configFile), { recursive: true, force: true });
  const hasOrphans = listReadableNames(paths.orphansDir).length > 0;
  if (hasOrphans) warn(`logins of no account stay in ${paths.orphansDir}`);
  removeRecords(paths, [paths.runtimeDir, ...(hasOrphans ? [paths.orphansDir] : [])]);
}

/** @param kept the directories that stay, except when they are empty. */
function removeRecords(paths: Paths, kept: readonly string[]): void {
  for (const name of listReadableNames(paths.stateDir)) {
    const path = join(paths.stateDir, name);
    if (!kept.includes(path)) rmSync(path, { recursive: true, force: true });
  }
  for (const dir of [paths.runtimeDir, paths.stateDir]) {
    if (existsSync(dir) && listReadableNames(dir).length === 0) rmdirSync(dir);
  }
}
