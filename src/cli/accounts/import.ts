import { lstatSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { compareLogins } from '../../accounts/compare-logins.ts';
import { readCredential } from '../../accounts/credential/read.ts';
import { readLinkTarget } from '../../accounts/credential/swap-link.ts';
import { installLogin } from '../../accounts/install-login.ts';
import { keepLogin } from '../../accounts/keep-login.ts';
import { describeIdentity, type Identity, identityIn, readLogin } from '../../accounts/login.ts';
import { findOwner } from '../../accounts/owner.ts';
import { placeLogin } from '../../accounts/place-login.ts';
import { listVaults, readTargets } from '../../accounts/target-snapshot.ts';
import { authFileOf, validateTargetName } from '../../accounts/vault.ts';
import { isSamePlace, refuseVaultHome } from '../../accounts/vault-home.ts';
import { HotswapError } from '../../errors.ts';
import { readRegularFile, statQuietly } from '../../regular-file.ts';
import { attempt } from '../../state/attempt.ts';
import { type Config, readConfig, type Target } from '../../state/config.ts';
import { errnoOf } from '../../state/files.ts';
import { type Context, findTarget, readReconciledConfig } from '../context.ts';
import { linkSharedHome } from '../set-up/link-shared-home.ts';
import { addTarget } from './add-target.ts';
import { discardCopy } from './remove-vault.ts';

export function importCommand(context: Context): Command {
  return new Command('import')
    .description('adopt an existing login, by default the login that the real Codex uses')
    .argument('[file]', 'an auth.json, or the Codex home that has it')
    .option('--as <name>', 'the account that gets the login; it is added if it does not exist')
    .addHelpText('after', '\nExample:\n  codex-hotswap import --as main')
    .action((file: string | undefined, options: { as?: string }) =>
      importLogin(context, fileOf(resolve(file ?? context.paths.sharedHome)), options.as),
    );
}

function fileOf(path: string): string {
  return statQuietly(path)?.isDirectory() ? join(path, 'auth.json') : path;
}

/**
 * Gives the login in `file` to the target with this name, or to the target of its account.
 * @throws HotswapError `usage`, `login-failed`, `in-use`, `bad-name`, `bad-vault`, `identity-clash`.
 */
export async function importLogin(
  context: Context,
  file: string,
  name: string | undefined,
): Promise<void> {
  const { paths, say } = context;
  if (name !== undefined) validateTargetName(name);
  const before = readConfig(paths);
  if (isSamePlace(dirname(file), paths.sharedHome)) {
    refuseVaultHome(paths.sharedHome, before?.targets ?? []);
  }
  const wasFile = isFile(file);
  const known = before && (await readReconciledConfig(context));
  const moved = wasFile ? linkedTarget(file, known) : undefined;
  if (moved !== undefined && (name ?? moved.name) === moved.name) {
    // readReconciledConfig has moved this login to the vault of its target already.
    say(`${moved.name} has this login, or a newer one`);
    return;
  }
  const { text, identity } = readCandidate(file, known);
  const owner = known && findOwner(readTargets(paths, known), identity);
  const goal = name ?? owner?.target.name;
  if (goal === undefined) {
    throw new HotswapError(
      'usage',
      `none of your accounts here has the login of ${file} (${describeIdentity(identity)})`,
      'name one: codex-hotswap import --as NAME',
    );
  }
  const config = await addTarget(context, goal);
  const target = findTarget(config, goal);
  const snapshots = readTargets(paths, config);

  const order = compareLogins(text, readCredential(authFileOf(target))?.text ?? '');
  if (owner?.target.name === goal && owner.vault.kind === 'ready' && order !== 'unclear') {
    // Both logins are of one account, so only the newer one still works.
    const placed = placeLogin(text, listVaults(snapshots), (loser, vault) =>
      loser === text ? file : keepLogin(paths.orphansDir, vault, loser, context.now),
    );
    if (placed.kind === 'unplaced') {
      const what = `${file} was not changed: ${placed.reason}`;
      throw new HotswapError('in-use', what, 'try again in a moment');
    }
    say(
      placed.kind === 'vaulted'
        ? `${goal} has the newer login now`
        : `${goal} has this login, or a newer one`,
    );
  } else {
    // Nothing says which login is newer. A person has named this one, and the login in the vault is kept.
    installLogin({ paths, config, snapshots, target, authContent: text });
    say(`${goal} is ${describeIdentity(identity)}`);
  }
  replaceSource(context, config, target, file);
}

function readCandidate(
  file: string,
  known: Config | undefined,
): { text: string; identity: Identity } {
  let text: string;
  try {
    if (lstatSync(file).isSymbolicLink()) throw alreadyLinked(file, known);
    text = readRegularFile(file).toString('utf8');
  } catch (error) {
    if (error instanceof HotswapError) throw error;
    throw new HotswapError(
      'usage',
      `${file} cannot be read (${errnoOf(error)})`,
      'name an auth.json',
    );
  }
  const read = readLogin(text);
  if (read.kind === 'login') return { text, identity: read.login.identity };
  throw new HotswapError(
    'login-failed',
    `${file} ${read.reason}`,
    'log in instead: codex-hotswap login NAME',
  );
}

/** Whose login a file holds, in words. Undefined for a link, for a file without a login, and for the login of a target. */
export function readUnknownLogin(file: string, { paths }: Context): string | undefined {
  const identity = isFile(file) && identityIn(readRegularFile(file).toString('utf8'));
  if (!identity) return undefined;
  const config = readConfig(paths);
  const owner = config && findOwner(readTargets(paths, config), identity);
  return owner === undefined ? describeIdentity(identity) : undefined;
}

/** False also for a path that fails (too long, or below a file): readCandidate says why. */
function isFile(path: string): boolean {
  return attempt(() => lstatSync(path))?.isFile() ?? false;
}

/** The target whose vault a link leads to. */
function linkedTarget(file: string, known: Config | undefined): Target | undefined {
  const leadsTo = attempt(() => readLinkTarget(file));
  return known?.targets.find((target) => authFileOf(target) === leadsTo);
}

function alreadyLinked(file: string, known: Config | undefined): HotswapError {
  const owner = linkedTarget(file, known);
  return owner === undefined
    ? new HotswapError('usage', `${file} is a link`, 'name the file that the link leads to')
    : new HotswapError(
        'usage',
        `${file} is a link to the login of ${owner.name}`,
        'there is nothing to import',
      );
}

/** Leaves one credential file per account: the imported file becomes a link, is removed, or the user is told to delete it. */
function replaceSource(context: Context, config: Config, target: Target, file: string): void {
  const { paths, warn } = context;
  if (isSamePlace(file, authFileOf(target))) return; // the file is the vault's auth.json
  if (dirname(file) === paths.orphansDir) {
    discardCopy(file, target);
  } else if (file === join(paths.sharedHome, 'auth.json')) {
    linkSharedHome(context, config);
  } else {
    warn(
      `delete ${file} if Codex still uses it there: of two copies of a login, one stops working at the next refresh`,
    );
  }
}
