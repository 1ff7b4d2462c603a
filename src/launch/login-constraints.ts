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

/** What Codex's configuration means for our accounts. */
export interface LoginConstraints {
  /** The targets that Codex would log out are switched off in it. */
  config: Config;
  /** For the user: which setting leaves out which accounts. */
  line?: string;
  /** The targets that Codex would log out. */
  disallowed: ReadonlySet<string>;
  settings: LoginSettings;
}

/**
 * Looks at what stands between this launch and our accounts: variables that outrank every login, another provider, a
 * forced workspace or way to log in (facts 24, 44, 25).
 * @throws HotswapError `no-usable-target` when Codex would work with none of them: it is to run alone then. `forced-login`
 * when Codex would log out the login that it finds: it is not to run.
 */
export async function readLoginConstraints(
  question: ConstraintsQuestion,
): Promise<LoginConstraints> {
  const variable = outrankingVariable(question);
  if (variable !== undefined) {
    throw unusable(
      `${variable} is set, and Codex works with that whatever the account`,
      'unset it to use your accounts',
    );
  }
  const settings = await readSettings(question);
  if (settings.foreignProvider !== undefined) {
    throw unusable(
      `Codex works with the provider ${JSON.stringify(settings.foreignProvider)} here, which has no use for your accounts`,
    );
  }
  // In a file another store does no harm, as our own `-c` outranks it. The user's `-c` outranks ours.
  const typedStore = await readTypedStore(question);
  if (typedStore !== undefined) {
    throw unusable(
      `Codex is told to keep its login in the ${JSON.stringify(typedStore)} store, where your accounts are not`,
      'leave out -c cli_auth_credentials_store to use them',
    );
  }
  await requireFileStore(question);
  return switchOffDisallowed(question, settings);
}

/**
 * The options that Codex needs before it can be asked about an account. Where its configuration forces another login, its
 * app-server looks at none, and answers as after a refusal of the service (fact 97).
 * @throws HotswapError `forced-login`, `no-usable-target` where no option helps: then Codex is not to be asked.
 */
export async function wordsToAsk(question: ConfigQuestion, target: Target): Promise<string[]> {
  await requireFileStore(question);
  const settings = await readSettings(question);
  const vault = inspectVault(target);
  if (vault.kind === 'ready' && !isAllowed(vault.identity, settings)) {
    throw new HotswapError(
      'forced-login',
      `${describeForce(settings)}, so Codex does not look at the login of ${target.name}`,
      'correct it to use that account',
    );
  }
  return settings.store === undefined ? [] : FILE_STORE;
}

async function requireFileStore(question: ConfigQuestion): Promise<void> {
  const store = await readManagedStore(question);
  if (store === undefined) return;
  throw unusable(
    `this machine's administrator has Codex keep its login in the ${JSON.stringify(store)} store, where your accounts are not`,
  );
}

function unusable(message: string, advice = 'no limit moves this session'): HotswapError {
  return new HotswapError('no-usable-target', message, advice);
}

/** `codex exec` takes CODEX_API_KEY, the TUI does not. OPENAI_API_KEY means nothing to either, and blanks are no key. */
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
      'correct it, or log in to an account that fits',
    );
  }
  const targets = config.targets.map((target) =>
    disallowed.has(target.name) ? { ...target, enabled: false } : target,
  );
  const line = `${describeForce(settings)}, so ${names} ${out.length > 1 ? 'are' : 'is'} left out`;
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
