import { chmodSync, existsSync, statSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { writeCurrent } from '../../accounts/current.ts';
import { validateTargetName } from '../../accounts/vault.ts';
import { refuseVaultHome } from '../../accounts/vault-home.ts';
import { isOurShim, listCodexOnPath } from '../../codex/find-codex.ts';
import { type ErrorCode, HotswapError } from '../../errors.ts';
import { type Config, defaultVault, readConfig } from '../../state/config.ts';
import { updateConfig } from '../../state/config-store.ts';
import { ensureDir, ensurePrivateDir, setAside } from '../../state/files.ts';
import { changeConfig } from '../../state/records.ts';
import { describeValues, parseSetting, SETTINGS } from '../../state/settings.ts';
import { listTargetsWithoutLogin, logIn } from '../accounts/login.ts';
import { type Context, currentName } from '../context.ts';
import { parseNames, refuseOtherCase } from '../names.ts';
import { isInteractive } from '../prompts.ts';
import { addShimOptions, putShim } from './install-shim.ts';
import { linkSharedHome } from './link-shared-home.ts';
import { runWizard } from './wizard.ts';

interface SetupOptions {
  accounts?: string[];
  count: number;
  prefix: string;
  force?: boolean;
  replaceAccounts?: boolean;
  /** The name of that option in version 0.1.0. */
  replaceTargets?: boolean;
  cooldownMinutes?: number;
  login?: boolean;
  deviceAuth?: boolean;
  installShim?: boolean;
  shimPath?: string;
  rc?: boolean;
}

export function setupCommand(context: Context): Command {
  const command = new Command('setup')
    .description(
      'name your accounts, and make a place for the login of each; without options it asks questions',
    )
    .option('--accounts <names>', 'their names, separated by commas', parseNames)
    .option('--count <n>', 'number of accounts, when they have no names', parseCount, 2)
    .option(
      '--prefix <name>',
      'first part of their names: acc gives acc1, acc2, …',
      parsePrefix,
      'acc',
    )
    .option('--force', 'change an existing configuration; a broken one is renamed and kept')
    .option('--replace-accounts', 'forget all other accounts; their logins stay on this machine')
    .addOption(new Option('--replace-targets').hideHelp())
    .option('--cooldown-minutes <n>', SETTINGS.cooldownMinutes.help, parseMinutes)
    .option('--login', 'log in to each account that has no login')
    .addOption(
      new Option(
        '--device-auth',
        'log in with a code; no browser is needed on this machine',
      ).implies({
        login: true,
      }),
    )
    .option('--install-shim', 'make `codex` run through codex-hotswap');
  return addShimOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  codex-hotswap setup --accounts main,work --login --install-shim',
    )
    .action((options: SetupOptions, command: Command) =>
      isBare(command) && isInteractive() ? runWizard(context) : setUp(context, options),
    );
}

/** Whether the user gave no option. */
function isBare(command: Command): boolean {
  const names = Object.keys(command.opts());
  return names.every((name) => command.getOptionValueSource(name) === 'default');
}

async function setUp(context: Context, options: SetupOptions): Promise<void> {
  const { paths, say } = context;
  const names = options.accounts ?? numberedNames(options.prefix, options.count);
  names.forEach(validateTargetName);
  const targets = names.map((name) => ({ name, vault: defaultVault(paths, name), enabled: true }));
  refuseVaultHome(paths.sharedHome, targets);
  const isReplaced = options.replaceAccounts ?? options.replaceTargets ?? false;
  changeConfig(paths, () => {
    const existing = checkExistingConfig(context, options.force ?? false);
    if (existing !== undefined && !isReplaced) {
      for (const name of names) refuseOtherCase(existing, name);
    }
  });

  ensureDir(paths.sharedHome);
  const config = await updateConfig(paths, (before) => ({
    ...before,
    ...(options.cooldownMinutes === undefined ? {} : { cooldownMinutes: options.cooldownMinutes }),
    targets: isReplaced
      ? targets.map((target) => before.targets.find(({ name }) => name === target.name) ?? target)
      : [
          ...before.targets,
          ...targets.filter(({ name }) => before.targets.every((known) => known.name !== name)),
        ],
  }));
  for (const target of config.targets) makeVault(target.vault);
  writeCurrent(paths, currentName(context, config));
  say(`accounts: ${config.targets.map(({ name }) => name).join(', ')} (${paths.configFile})`);

  if (options.login) await logInToAll(context, config, options.deviceAuth ? ['--device-auth'] : []);
  linkSharedHome(context, config);
  if (options.installShim || options.shimPath || options.rc) await putShim(context, options);
  sayNextSteps(context, config, options);
}

/**
 * Refuses to change a configuration without `--force`. With it, a broken one is renamed.
 * @returns the configuration that is changed.
 */
function checkExistingConfig({ paths, now, warn }: Context, force: boolean): Config | undefined {
  let existing: Config | undefined;
  try {
    existing = readConfig(paths);
  } catch (error) {
    if (!force || !(error instanceof HotswapError)) throw error;
    warn(`${error.message}; it was kept as ${setAside(paths.configFile, now)}`);
  }
  if (existing === undefined || existing.targets.length === 0 || force) return existing;
  throw new HotswapError(
    'usage',
    `already set up (${paths.configFile} has ${existing.targets.map(({ name }) => name).join(', ')})`,
    'to add accounts or to change settings, add --force; the old accounts stay',
  );
}

function makeVault(vault: string): void {
  ensurePrivateDir(vault);
  if ((statSync(vault).mode & 0o077) !== 0) chmodSync(vault, 0o700);
}

/** Logs in to one account after the other. A login that fails or is cancelled does not end the set-up; its exit status is 1. */
async function logInToAll(context: Context, config: Config, args: string[]): Promise<void> {
  for (const target of listTargetsWithoutLogin(config)) {
    context.say('');
    context.say(`log in to ${target.name}:`);
    try {
      await logIn(context, config, target, args);
    } catch (error) {
      if (!(error instanceof HotswapError)) throw error;
      context.warn(`${error.message}; ${error.advice}; the set-up goes on`);
      process.exitCode = 1;
      if (CODEX_IS_MISSING.has(error.code)) return; // the next login would fail in the same way
    }
  }
}

const CODEX_IS_MISSING: ReadonlySet<ErrorCode> = new Set(['codex-not-found', 'codex-not-runnable']);

function sayNextSteps(context: Context, config: Config, options: SetupOptions): void {
  const { env, paths, say } = context;
  const missing = listTargetsWithoutLogin(config);
  for (const { name } of missing) say(`next: codex-hotswap login ${name}`);
  const asked = options.installShim || options.shimPath || options.rc;
  const [first] = listCodexOnPath(env);
  const runsShim = first !== undefined && isOurShim(first);
  if (!asked && !runsShim) say('next: codex-hotswap install-shim');
  if (existsSync(paths.disabledFlag)) say('next: codex-hotswap enable');
  if (missing.length === 0) say('then type codex as always');
}

function numberedNames(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
}

function parsePrefix(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('expected the first part of a name.');
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 99) {
    throw new InvalidArgumentError('expected a number from 1 to 99.');
  }
  return count;
}

function parseMinutes(text: string): number {
  const minutes = parseSetting(SETTINGS.cooldownMinutes, text);
  if (typeof minutes === 'number') return minutes;
  throw new InvalidArgumentError(`expected ${describeValues(SETTINGS.cooldownMinutes)}.`);
}
