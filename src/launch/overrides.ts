import { hasFlag, type SessionInvocation } from '../codex/argv.ts';
import { quoteToml } from '../codex/toml.ts';

/** What this Codex binary can do, as far as a launch depends on it. */
export interface LaunchCapabilities {
  noDaemon: boolean;
  features: ReadonlySet<string>;
}

/** Codex looks for its login in the file that we show it. */
export const FILE_STORE = ['-c', 'cli_auth_credentials_store="file"'];

export interface OverrideFacts {
  capabilities: LaunchCapabilities;
  invocation: SessionInvocation;
  /** The user's config.toml, '' when there is none. */
  configText: string;
  /** Where Codex's configuration keeps logins, when that is not a file. */
  store: string | undefined;
  /** The value for `-c hooks.state=…`, when hooks are trusted under the shared home's path. */
  hookTrust: string | undefined;
  /** CODEX_HOME for the model's shell; undefined where the user has decided about it (see shell-home.ts). */
  shellHome?: string | undefined;
}

/**
 * The words put in front of the user's own, so that their `-c` of the same key wins.
 * @returns options of the root command; Codex merges them into every subcommand (fact 46).
 */
export function listOverrides(facts: OverrideFacts): string[] {
  const { capabilities, invocation, store, configText, hookTrust, shellHome } = facts;
  const words: string[] = [];
  // A daemon would keep the old account and outlive the session (facts 98, 99).
  if (
    invocation.mode === 'interactive' &&
    capabilities.noDaemon &&
    !hasFlag(invocation, 'no-daemon')
  ) {
    words.push('--no-daemon');
  }
  // Would refuse to resume another account's thread, should it ever be switched on (fact 60).
  if (capabilities.features.has('cli_resume_account_check')) {
    words.push('-c', 'features.cli_resume_account_check=false');
  }
  // A keyring entry is keyed by CODEX_HOME: an overlay would look logged out (fact 10).
  if (store !== undefined) words.push(...FILE_STORE);
  // Its key is found by the path of CODEX_HOME, so MCP logins would come and go with the number of the overlay.
  if (capabilities.features.has('secret_auth_storage') && namesSecretStorage(configText)) {
    words.push('-c', 'features.secret_auth_storage=false');
  }
  if (hookTrust !== undefined) words.push('-c', `hooks.state=${hookTrust}`);
  // A program that lists no features may be a script in Codex's place, which may not understand our options.
  if (shellHome !== undefined && capabilities.features.size > 0) {
    words.push('-c', `shell_environment_policy.set.CODEX_HOME=${quoteToml(shellHome)}`);
  }
  return words;
}

/** True when the user has said something about Codex's own encrypted store; that it is off needs no saying. */
function namesSecretStorage(configText: string): boolean {
  return /^[^#\n]*\bsecret_auth_storage\b/m.test(configText);
}
