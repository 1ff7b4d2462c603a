import { join } from 'node:path';
import { type Identity, isApiKey } from '../accounts/login.ts';
import { inspectVault } from '../accounts/vault.ts';
import {
  type ExecInvocation,
  flagValues,
  hasFlag,
  type InteractiveInvocation,
} from '../codex/argv.ts';
import {
  type LoginSettings,
  readLoginSettings,
  SYSTEM_DIR,
  type SystemSettings,
} from '../codex/settings.ts';
import { HotswapError } from '../errors.ts';
import { readRegularFile } from '../regular-file.ts';
import type { Config } from '../state/config.ts';
import { readCodexConfig } from './workplace.ts';

export interface TermsQuestion {
  invocation: InteractiveInvocation | ExecInvocation;
  env: NodeJS.ProcessEnv;
  sharedHome: string;
  config: Config;
  /** The account that is asked for, if it is to be that and no other. */
  wish?: string | undefined;
  /** Where an administrator's settings are; elsewhere for tests. */
  systemDir?: string;
}

/** What is to be said to the user, and the accounts that Codex's configuration leaves: the others are off this time. */
export interface Terms {
  config: Config;
  line?: string;
}

const FREE = 'no limit moves this session';

/**
 * Looks at what stands between this launch and our accounts: variables that outrank every login, another provider, a
 * forced workspace or way to log in (facts 1.5, 5.2; each measured with the real Codex).
 * @throws HotswapError `no-usable-target` when Codex would not work with any of them: it is to run alone then.
 * `forced-login` when Codex would log out what it finds: it is not to run.
 */
export async function readTerms(question: TermsQuestion): Promise<Terms> {
  const { env, invocation, config } = question;
  const variable = outrankingVariable(env, invocation);
  if (variable !== undefined) {
    throw new HotswapError(
      'no-usable-target',
      `${variable} is set, and Codex works with that whatever the account`,
      'unset it to use your accounts',
    );
  }
  const settings = await readLoginSettings(sourcesOf(question));
  if (settings.foreignProvider !== undefined) {
    throw new HotswapError(
      'no-usable-target',
      `Codex works with the provider ${JSON.stringify(settings.foreignProvider)} here, which has no use for your accounts`,
      FREE,
    );
  }
  if (flagValues(invocation, 'config').some(asksForOtherStore)) {
    throw new HotswapError(
      'no-usable-target',
      `Codex is told to keep its login in the ${JSON.stringify(settings.store)} store, where your accounts are not`,
      'leave out -c cli_auth_credentials_store to use them',
    );
  }
  const managed = await readLoginSettings({ text: readSystem(question).managed, ...NOTHING_MORE });
  if (managed.store !== undefined) {
    throw new HotswapError(
      'no-usable-target',
      `this machine's administrator has Codex keep its login in the ${JSON.stringify(managed.store)} store, where your accounts are not`,
      FREE,
    );
  }
  return leaveFitting(config, settings, question.wish);
}

/** `codex exec` takes CODEX_API_KEY, the TUI does not; OPENAI_API_KEY means nothing to either. */
function outrankingVariable(
  env: NodeJS.ProcessEnv,
  { mode }: TermsQuestion['invocation'],
): string | undefined {
  if (env.CODEX_ACCESS_TOKEN) return 'CODEX_ACCESS_TOKEN';
  return mode === 'exec' && env.CODEX_API_KEY ? 'CODEX_API_KEY' : undefined;
}

const NOTHING_MORE = { overrides: [], oss: false };

function readSystem({ systemDir = SYSTEM_DIR }: TermsQuestion): SystemSettings {
  return {
    base: readText(join(systemDir, 'config.toml')),
    managed: readText(join(systemDir, 'managed_config.toml')),
  };
}

function sourcesOf(question: TermsQuestion) {
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
  };
}

// In config.toml another store does no harm: our own `-c` outranks it. The user's outranks ours.
function asksForOtherStore(word: string): boolean {
  return /^\s*cli_auth_credentials_store\s*=\s*(?!["']?file["']?\s*$)/.test(word);
}

/** Codex would log the others out as soon as it starts. */
function leaveFitting(config: Config, settings: LoginSettings, wish?: string): Terms {
  const { forcedWorkspaces, forcedMethod } = settings;
  if (forcedWorkspaces === undefined && forcedMethod === undefined) return { config };
  const targets = config.targets.map((target) => {
    const vault = inspectVault(target);
    const fits = vault.kind !== 'ready' || isAllowed(vault.identity, settings);
    return fits ? target : { ...target, enabled: false };
  });
  const out = config.targets.filter(({ enabled }, index) => enabled && !targets[index]?.enabled);
  if (out.length === 0) return { config };
  const names = out.map(({ name }) => name).join(', ');
  const key =
    forcedWorkspaces === undefined ? 'forced_login_method' : 'forced_chatgpt_workspace_id';
  const isLeft = targets.some((target) => target.enabled && inspectVault(target).kind === 'ready');
  if (!isLeft || out.some(({ name }) => name === wish)) {
    throw new HotswapError(
      'forced-login',
      `Codex's configuration sets ${key}, so Codex would log ${wish ?? names} out and not start`,
      'correct it, or log in to an account that fits',
    );
  }
  return {
    config: { ...config, targets },
    line: `Codex's configuration sets ${key}, so ${names} ${out.length > 1 ? 'are' : 'is'} left out`,
  };
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
