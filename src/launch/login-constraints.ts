import { join } from 'node:path';
import { type Identity, isApiKey } from '../accounts/login.ts';
import { inspectVault } from '../accounts/vault.ts';
import { flagValues, hasFlag, type SessionInvocation } from '../codex/argv.ts';
import {
  type LoginSettings,
  readLoginSettings,
  type SettingSources,
  SYSTEM_DIR,
  type SystemSettings,
} from '../codex/settings.ts';
import { HotswapError } from '../errors.ts';
import { readRegularFile } from '../regular-file.ts';
import type { Config, Target } from '../state/config.ts';
import { FILE_STORE } from './overrides.ts';
import { readCodexConfig } from './session-overlay.ts';
import { type WorkPlace, workingDirectory } from './working-directory.ts';

export interface ConfigQuestion extends WorkPlace {
  sharedHome: string;
  /** Where an administrator's settings are; elsewhere for tests. */
  systemDir?: string;
}

export interface ConstraintsQuestion extends ConfigQuestion {
  invocation: SessionInvocation;
  env: NodeJS.ProcessEnv;
  config: Config;
  /** The account that is asked for, if it is to be that and no other. */
  wish?: string | undefined;
}

/** What is to be said to the user, and the accounts that Codex's configuration leaves: the others are off this time. */
export interface LoginConstraints {
  config: Config;
  line?: string;
  /** The targets that Codex would log out. */
  misfits: ReadonlySet<string>;
}

const FREE = 'no limit moves this session';

/** What Codex's configuration says about logins, in every layer that this command line makes Codex read. */
export function readSettings(question: ConfigQuestion): Promise<LoginSettings> {
  return readLoginSettings(sourcesOf(question));
}

/**
 * Looks at what stands between this launch and our accounts: variables that outrank every login, another provider, a
 * forced workspace or way to log in (facts 24, 44, 25).
 * @throws HotswapError `no-usable-target` when Codex would not work with any of them: it is to run alone then.
 * `forced-login` when Codex would log out what it finds: it is not to run.
 */
export async function readLoginConstraints(
  question: ConstraintsQuestion,
): Promise<LoginConstraints> {
  const { env, invocation, config } = question;
  const variable = outrankingVariable(env, invocation);
  if (variable !== undefined) {
    throw new HotswapError(
      'no-usable-target',
      `${variable} is set, and Codex works with that whatever the account`,
      'unset it to use your accounts',
    );
  }
  const settings = await readSettings(question);
  if (settings.foreignProvider !== undefined) {
    throw new HotswapError(
      'no-usable-target',
      `Codex works with the provider ${JSON.stringify(settings.foreignProvider)} here, which has no use for your accounts`,
      FREE,
    );
  }
  // In a file another store does no harm: our own `-c` outranks it. The user's outranks ours.
  const typed = await readLoginSettings({
    ...NOTHING,
    overrides: flagValues(invocation, 'config'),
  });
  if (typed.store !== undefined) {
    throw new HotswapError(
      'no-usable-target',
      `Codex is told to keep its login in the ${JSON.stringify(typed.store)} store, where your accounts are not`,
      'leave out -c cli_auth_credentials_store to use them',
    );
  }
  await requireFileStore(question);
  return leaveFitting(config, settings, question.wish);
}

/**
 * What Codex has to be told before it can be asked about an account. Where its configuration forces another login, its
 * app-server looks at none, and answers as after a refusal of the service (fact 97).
 * @throws HotswapError `forced-login`, `no-usable-target` where nothing that we say helps: it is not to be asked.
 */
export async function wordsToAsk(question: ConfigQuestion, target: Target): Promise<string[]> {
  await requireFileStore(question);
  const settings = await readSettings(question);
  const vault = inspectVault(target);
  if (vault.kind === 'ready' && !isAllowed(vault.identity, settings)) {
    throw new HotswapError(
      'forced-login',
      `${placeOf(settings)} sets ${keyOf(settings)}, so Codex does not look at the login of ${target.name}`,
      'correct it to use that account',
    );
  }
  return settings.store === undefined ? [] : FILE_STORE;
}

/** @throws HotswapError `no-usable-target` where an administrator decides, whom no `-c` outranks. */
async function requireFileStore(question: ConfigQuestion): Promise<void> {
  const managed = await readLoginSettings({ ...NOTHING, text: readSystem(question).managed });
  if (managed.store === undefined) return;
  throw new HotswapError(
    'no-usable-target',
    `this machine's administrator has Codex keep its login in the ${JSON.stringify(managed.store)} store, where your accounts are not`,
    FREE,
  );
}

/** `codex exec` takes CODEX_API_KEY, the TUI does not; OPENAI_API_KEY means nothing to either, and blanks are no key. */
function outrankingVariable(
  env: NodeJS.ProcessEnv,
  { mode }: ConstraintsQuestion['invocation'],
): string | undefined {
  if (env.CODEX_ACCESS_TOKEN?.trim()) return 'CODEX_ACCESS_TOKEN';
  return mode === 'exec' && env.CODEX_API_KEY?.trim() ? 'CODEX_API_KEY' : undefined;
}

const NOTHING: SettingSources = { text: '', overrides: [], oss: false };

function readSystem({ systemDir = SYSTEM_DIR }: ConfigQuestion): SystemSettings {
  return {
    base: readText(join(systemDir, 'config.toml')),
    managed: readText(join(systemDir, 'managed_config.toml')),
  };
}

function sourcesOf(question: ConfigQuestion): SettingSources {
  const { invocation, sharedHome } = question;
  const name = flagValues(invocation, 'profile').at(-1);
  const isIgnored = hasFlag(invocation, 'ignore-user-config');
  return {
    text: isIgnored ? '' : readCodexConfig(sharedHome),
    profile:
      name === undefined || isIgnored
        ? undefined
        : { name, text: readText(join(sharedHome, `${name}.config.toml`)) },
    overrides: flagValues(invocation, 'config'),
    oss: hasFlag(invocation, 'oss'),
    system: readSystem(question),
    project: {
      directory: workingDirectory(question),
      asksForTrust: hasFlag(invocation, 'trust'),
    },
  };
}

/** Codex would log the others out as soon as it starts. */
function leaveFitting(config: Config, settings: LoginSettings, wish?: string): LoginConstraints {
  const { forcedWorkspaces, forcedMethod } = settings;
  const none: LoginConstraints = { config, misfits: new Set() };
  if (forcedWorkspaces === undefined && forcedMethod === undefined) return none;
  const misfits = new Set<string>();
  let isLeft = false;
  for (const target of config.targets) {
    const vault = inspectVault(target);
    if (vault.kind !== 'ready') continue;
    if (!isAllowed(vault.identity, settings)) misfits.add(target.name);
    else isLeft ||= target.enabled;
  }
  const out = config.targets.filter(({ name, enabled }) => enabled && misfits.has(name));
  const isWishOut = wish !== undefined && misfits.has(wish);
  if (out.length === 0 && !isWishOut) return { ...none, misfits };
  const names = out.map(({ name }) => name).join(', ');
  const key = keyOf(settings);
  const place = placeOf(settings);
  if (isWishOut || (wish === undefined && !isLeft)) {
    throw new HotswapError(
      'forced-login',
      `${place} sets ${key}, so Codex would log ${wish ?? names} out and not start`,
      'correct it, or log in to an account that fits',
    );
  }
  return {
    config: {
      ...config,
      targets: config.targets.map((target) =>
        misfits.has(target.name) ? { ...target, enabled: false } : target,
      ),
    },
    line: `${place} sets ${key}, so ${names} ${out.length > 1 ? 'are' : 'is'} left out`,
    misfits,
  };
}

function keyOf({ forcedWorkspaces }: LoginSettings): string {
  return forcedWorkspaces === undefined ? 'forced_login_method' : 'forced_chatgpt_workspace_id';
}

function placeOf({ forcedBy }: LoginSettings): string {
  return forcedBy ?? "Codex's configuration";
}

function isAllowed(identity: Identity, { forcedWorkspaces, forcedMethod }: LoginSettings): boolean {
  if (forcedMethod !== undefined && (forcedMethod === 'api') !== isApiKey(identity)) return false;
  return (
    forcedWorkspaces === undefined ||
    isApiKey(identity) ||
    forcedWorkspaces.includes(identity.accountId)
  );
}

function readText(file: string): string {
  try {
    return readRegularFile(file).toString('utf8');
  } catch {
    return '';
  }
}
