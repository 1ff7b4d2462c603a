import { Command } from 'commander';
import { describeIdentity, readLogin } from '../../accounts/login.ts';
import { findOwner } from '../../accounts/owner.ts';
import { readTargets } from '../../accounts/target-snapshot.ts';
import { HotswapError } from '../../errors.ts';
import type { Config } from '../../state/config.ts';
import { type Context, currentName, findTarget, readReconciledConfig } from '../context.ts';
import { askChoice } from '../prompts.ts';
import { refuseWhileUsed } from '../session/live-sessions.ts';
import { addTarget, askName, suggestName } from './add-target.ts';
import { installNewLogin } from './login.ts';
import { runCodexLogin } from './login-home.ts';
import { forgetTarget } from './remove.ts';

/** The launcher runs this command when a user types `codex login` or `codex logout` in a terminal. */
export function codexLoginCommand(context: Context): Command {
  return new Command('instead-of-codex')
    .description('takes the place of `codex login` and `codex logout` under the shim')
    .argument('<word>')
    .argument('[args...]')
    .helpOption(false)
    .allowUnknownOption()
    .action((word: string, args: string[]) =>
      word === 'logout' ? logOut(context) : logIn(context, args),
    );
}

/** Puts the new login into the vault of its account. A new account gets a target of its own. */
async function logIn(context: Context, args: string[]): Promise<void> {
  const before = await readReconciledConfig(context);
  sayWhere(context, before);
  await runCodexLogin(context, args, (authContent) => install(context, before, authContent));
}

async function install(context: Context, before: Config, authContent: string): Promise<void> {
  const read = readLogin(authContent);
  if (read.kind === 'broken') {
    throw new HotswapError('login-failed', `the new login ${read.reason}`, 'log in again');
  }
  const { identity } = read.login;
  const owner = findOwner(readTargets(context.paths, before), identity);
  const question = `What shall ${describeIdentity(identity)} be called?`;
  const name = owner?.target.name ?? (await askName(question, suggestName(before), before));
  const config = await addTarget(context, name);
  installNewLogin(context, config, findTarget(config, name), authContent);
  const current = currentName(context, config);
  if (current === name) return;
  context.say(
    `new sessions still start with ${current}; to change that: codex-hotswap use ${name}`,
  );
}

/** Says, before the browser opens, which account is current, and where the login of another account goes. */
function sayWhere(context: Context, config: Config): void {
  const name = currentName(context, config);
  const snapshot = readTargets(context.paths, config).find(({ target }) => target.name === name);
  const who =
    snapshot?.vault.kind === 'ready' ? `, ${describeIdentity(snapshot.vault.identity)}` : '';
  context.say(
    `logging in for ${name} (current${who}); if you log in with another account, that one gets the login, or you name a new one; to log in to a certain account: codex-hotswap login NAME`,
  );
}

async function logOut(context: Context): Promise<void> {
  const config = await readReconciledConfig(context);
  context.say(
    'The real `codex logout` revokes the login on every machine. To run it: CODEX_HOTSWAP_BYPASS=1 codex logout',
  );
  context.say('You can forget an account instead: its login is deleted here and is not revoked.');
  const snapshots = readTargets(context.paths, config);
  const name = await askChoice('Which account shall be forgotten?', [
    { value: '', label: 'none' },
    ...snapshots.map(({ target, vault }) => ({
      value: target.name,
      label: target.name,
      hint: vault.kind === 'ready' ? describeIdentity(vault.identity) : 'no login',
    })),
  ]);
  if (name === '') return context.say('nothing was changed');
  const target = findTarget(config, name);
  refuseWhileUsed(context.paths, target, 'run codex-hotswap remove');
  await forgetTarget(context, config, target);
}
