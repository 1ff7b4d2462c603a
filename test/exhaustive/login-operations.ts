import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { installLogin } from '../../src/accounts/install-login.ts';
import { keepLogin } from '../../src/accounts/keep-login.ts';
import { noticeLogout } from '../../src/accounts/notice-logout.ts';
import { placeLogin } from '../../src/accounts/place-login.ts';
import { linkSharedLogin, unlinkSharedLogin } from '../../src/accounts/shared-login.ts';
import { importCommand } from '../../src/cli/accounts/import.ts';
import { nextCommand } from '../../src/cli/accounts/next.ts';
import { removeCommand } from '../../src/cli/accounts/remove.ts';
import { renameCommand } from '../../src/cli/accounts/rename.ts';
import { useCommand } from '../../src/cli/accounts/use.ts';
import type { Context } from '../../src/cli/context.ts';
import { setupCommand } from '../../src/cli/set-up/setup.ts';
import { uninstallCommand } from '../../src/cli/set-up/uninstall.ts';
import { reconcileLogins } from '../../src/launch/reconcile-logins.ts';
import { adoptAuth } from '../../src/overlay/adopt-auth.ts';
import { pointAuth } from '../../src/overlay/point-auth.ts';
import { loginOf, NEW, type World } from './logins-world.ts';

export const NOW = new Date('2027-11-21T03:00:00Z');

/** What can be done to logins; each says what it told the user. */
export const OPERATIONS: Record<string, (world: World) => unknown> = {
  prime: ({ paths, vault, vaults }) => linkSharedLogin(paths, vault('a'), vaults()),
  'prime another': ({ paths, vault, vaults }) =>
    linkSharedLogin(paths, vault('b'), vaults(), { asked: true }),
  unprime: ({ paths, vaults }) => unlinkSharedLogin(paths, vaults()),
  notice: ({ paths, snapshots }) => noticeLogout(paths, snapshots(), NOW),
  'notice at a launch': ({ paths, snapshots }) =>
    noticeLogout(paths, snapshots(), NOW, { isLaunch: true }),
  // With it: move a stranger, restore the last good copy.
  settle: ({ paths, config }) => reconcileLogins(paths, config(), NOW, { isLaunch: true }),
  place: ({ paths, vaults }) =>
    placeLogin(loginOf('a', NEW + 1), vaults(), (loser, vault) =>
      keepLogin(paths.orphansDir, vault, loser, NOW),
    ),
  'log in again': (world) => install(world, 'a', loginOf('a', NEW + 1)),
  'become another account': (world) =>
    install(world, 'a', loginOf('fay', NEW), { replaceAccount: true }),
  'move an account': (world) =>
    install(world, 'a', loginOf('b', NEW + 1), { replaceAccount: true, move: true }),
  'adopt from a slot': ({ paths, vault, vaults }) => {
    const slot = { home: slotOf(paths), number: 1 };
    writeSlot(slot.home);
    adoptAuth(slot, { vaults: vaults(), orphansDir: paths.orphansDir, now: NOW });
    pointAuth(slot, vault('b'));
  },
  import: (world) => run(world, importCommand),
  'import as a new target': (world) => run(world, importCommand, '--as', 'c'),
  setup: (world) => run(world, setupCommand, '--force', '--accounts', 'a,c'),
  use: (world) => run(world, useCommand, 'b'),
  next: (world) => run(world, nextCommand),
  remove: (world) => run(world, removeCommand, 'a', '--yes'),
  rename: (world) => run(world, renameCommand, 'a', 'c'),
  uninstall: (world) => run(world, uninstallCommand),
};

export function slotOf({ home }: Pick<World['paths'], 'home'>): string {
  return join(home, 'slot-1');
}

function install(
  { paths, config, snapshots }: World,
  name: string,
  authContent: string,
  options: { replaceAccount?: boolean; move?: boolean } = {},
) {
  const target = config().targets.find((known) => known.name === name);
  if (target === undefined) throw new Error(`there is no ${name}`);
  const request = { paths, config: config(), snapshots: snapshots(), target, authContent };
  return installLogin({ ...request, ...options });
}

/** A login that a Codex has written past our link. */
function writeSlot(home: string): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeFileSync(join(home, 'auth.json'), loginOf('b', NEW + 1), { mode: 0o600 });
}

/** Runs a command of ours as the shell would. @returns what it said. */
export async function run(
  { paths }: Pick<World, 'paths'>,
  command: (context: Context) => Command,
  ...words: string[]
): Promise<string[]> {
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  // Without a PATH there is no Codex to ask.
  const env = { HOME: paths.home, PATH: dirname(paths.configFile) };
  const context: Context = { env, paths, now: NOW, say, warn: say };
  await command(context).parseAsync(words, { from: 'user' });
  return said;
}
