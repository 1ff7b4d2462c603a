import { type Identity, isApiKey } from '../accounts/login.ts';
import { inspectVault } from '../accounts/vault.ts';
import type { SessionInvocation } from '../codex/argv.ts';
import type { LoginSettings } from '../codex/settings.ts';
import { HotswapError } from '../errors.ts';
import type { Config, Target } from '../state/config.ts';
import {
  type ConfigQuestion,
  readManagedStore,
  readSettings,
  readTypedStore,
} from './login-settings.ts';
import { FILE_STORE } from './overrides.ts';

export interface ConstraintsQuestion extends ConfigQuestion {
  invocation: SessionInvocation;
  env: NodeJS.ProcessEnv;
  config: Config;
  /** The only account that the session may run under. */
  only?: string | undefined;
}

/** The accounts that Codex's configuration allows. */
export interface LoginConstraints {
  /** Our configuration, in which the targets that Codex would log out are switched off. */
  config: Config;
  /** For the user: the setting, and the accounts that it excludes. */
  line?: string;
  /** The targets that Codex would log out. */
  disallowed: ReadonlySet<string>;
  settings: LoginSettings;
}

/**
 * Reads the variables and settings that forbid our accounts: a variable that outranks every login, another provider, a forced
 * workspace or login method (facts 24, 44, 25).
 * @throws HotswapError `no-usable-target` when Codex would use none of our accounts, and `other-provider` when it would use no
 * account at all: then Codex runs unsupervised.
 * `forced-login` when Codex would log out every account: then Codex must not run.
 */
export async function readLoginConstraints(
  question: ConstraintsQuestion,
): Promise<LoginConstraints> {
  const variable = outrankingVariable(question);
  if (variable !== undefined) {
    throw unusable(
      `${variable} is set, and Codex uses it instead of your accounts`,
      `unset ${variable} to use your accounts`,
    );
  }
  const settings = await readSettings(question);
  if (settings.foreignProvider !== undefined) {
    throw new HotswapError(
      'other-provider',
      `Codex uses the provider ${JSON.stringify(settings.foreignProvider)} here, and no account`,
      NOT_MOVED,
    );
  }
  // Another store in a file does no harm: our own `-c` outranks the file. But the user's `-c` outranks ours.
  const typedStore = await readTypedStore(question);
  if (typedStore !== undefined) {
    throw unusable(
      `the command line makes Codex read its login from the ${JSON.stringify(typedStore)} store, which does not have your accounts`,
      'to use them, leave out -c cli_auth_credentials_store',
    );
  }
  await requireFileStore(question);
  return switchOffDisallowed(question, settings);
}

/**
 * The options that Codex needs to answer a question about an account. When its configuration forces another login, its
 * app-server reads no login, and answers as if the service had refused the login (fact 97).
 * @throws HotswapError `forced-login`, `no-usable-target` when no option helps: then Codex must not be asked.
 */
export async function wordsToAsk(question: ConfigQuestion, target: Target): Promise<string[]> {
  await requireFileStore(question);
  const settings = await readSettings(question);
  const vault = inspectVault(target);
  if (vault.kind === 'ready' && !isAllowed(vault.identity, settings)) {
    throw new HotswapError(
      'forced-login',
      `${describeForce(settings)}, so Codex does not use the login of ${target.name}`,
      'change that setting to use the account',
    );
  }
  return settings.store === undefined ? [] : FILE_STORE;
}

async function requireFileStore(question: ConfigQuestion): Promise<void> {
  const store = await readManagedStore(question);
  if (store === undefined) return;
  throw unusable(
    `the administrator of this machine makes Codex read its login from the ${JSON.stringify(store)} store, which does not have your accounts`,
  );
}

const NOT_MOVED = 'no limit moves this session';

function unusable(message: string, advice = NOT_MOVED): HotswapError {
  return new HotswapError('no-usable-target', message, advice);
}

/** Only `codex exec` uses CODEX_API_KEY. Neither exec nor the TUI uses OPENAI_API_KEY. Blanks are no key. */
function outrankingVariable({ env, invocation }: ConstraintsQuestion): string | undefined {
  if (env.CODEX_ACCESS_TOKEN?.trim()) return 'CODEX_ACCESS_TOKEN';
  return invocation.mode === 'exec' && env.CODEX_API_KEY?.trim() ? 'CODEX_API_KEY' : undefined;
}

/** Codex would log these accounts out as soon as it starts. */
function switchOffDisallowed(
  { config, only }: ConstraintsQuestion,
  settings: LoginSettings,
): LoginConstraints {
  const { forcedWorkspaces, forcedMethod } = settings;
  if (forcedWorkspaces === undefined && forcedMethod === undefined) {
    return { config, disallowed: new Set(), settings };
  }
  const disallowed = new Set<string>();
  let isAnyLeft = false;
  for (const target of config.targets) {
    const vault = inspectVault(target);
    if (vault.kind !== 'ready') continue;
    if (!isAllowed(vault.identity, settings)) disallowed.add(target.name);
    else isAnyLeft ||= target.enabled;
  }
  const out = config.targets.filter(({ name, enabled }) => enabled && disallowed.has(name));
  const isOnlyOut = only !== undefined && disallowed.has(only);
  if (out.length === 0 && !isOnlyOut) return { config, disallowed, settings };
  const names = out.map(({ name }) => name).join(', ');
  if (isOnlyOut || (only === undefined && !isAnyLeft)) {
    throw new HotswapError(
      'forced-login',
      `${describeForce(settings)}, so Codex would log ${only ?? names} out and not start`,
      'change that setting, or log in to an account that it allows',
    );
  }
  const targets = config.targets.map((target) =>
    disallowed.has(target.name) ? { ...target, enabled: false } : target,
  );
  const line = `${describeForce(settings)}, so ${names} ${out.length > 1 ? 'are' : 'is'} not used`;
  return { config: { ...config, targets }, line, disallowed, settings };
}

function describeForce({ forcedBy, forcedWorkspaces }: LoginSettings): string {
  const key =
    forcedWorkspaces === undefined ? 'forced_login_method' : 'forced_chatgpt_workspace_id';
  return `${forcedBy ?? "Codex's configuration"} sets ${key}`;
}

function isAllowed(identity: Identity, { forcedWorkspaces, forcedMethod }: LoginSettings): boolean {
  if (forcedMethod !== undefined && (forcedMethod === 'api') !== isApiKey(identity)) return false;
  return (
    forcedWorkspaces === undefined ||
    isApiKey(identity) ||
    forcedWorkspaces.includes(identity.accountId)
  );
}
