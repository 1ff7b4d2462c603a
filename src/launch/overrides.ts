import { hasFlag, type SessionInvocation } from '../codex/argv.ts';
import type { Capabilities } from '../codex/capabilities.ts';
import { quoteToml } from '../codex/toml.ts';

/** Makes Codex read its login from auth.json. */
export const FILE_STORE = ['-c', 'cli_auth_credentials_store="file"'];

export interface OverrideFacts {
  capabilities: Pick<Capabilities, 'noDaemon' | 'features'>;
  invocation: SessionInvocation;
  /** The text of the user's config.toml; '' when there is none. */
  configText: string;
  /** The login store in Codex's configuration, when it is not a file. */
  store: string | undefined;
  /** The value for `-c hooks.state=…`, when hooks are trusted under the path of the shared home. */
  hookTrust: string | undefined;
  /** CODEX_HOME for the model's shell; undefined when the user's settings decide it (see shell-home.ts). */
  shellHome?: string | undefined;
}

/**
 * Our options. They stand before the user's words, so that the user's `-c` of the same key wins.
 * @returns options of the root command; Codex merges them into every subcommand (fact 46).
 */
export function listOverrides(facts: OverrideFacts): string[] {
  const { capabilities, invocation, store, configText, hookTrust, shellHome } = facts;
  const words: string[] = [];
  const hasFeature = (name: string) => Object.hasOwn(capabilities.features, name);
  // A daemon would keep the old account, and live longer than the session (facts 98, 99).
  if (
    invocation.mode === 'interactive' &&
    capabilities.noDaemon &&
    !hasFlag(invocation, 'no-daemon')
  ) {
    words.push('--no-daemon');
  }
  // When this feature is on, Codex refuses to resume the thread of another account (fact 60).
  if (hasFeature('cli_resume_account_check')) {
    words.push('-c', 'features.cli_resume_account_check=false');
  }
  // Codex finds a keyring entry by the path of CODEX_HOME, so an overlay would have no login (fact 10).
  if (store !== undefined) words.push(...FILE_STORE);
  // Codex finds the key of this store by the path of CODEX_HOME, so each overlay would have other MCP logins.
  if (hasFeature('secret_auth_storage') && namesSecretStorage(configText)) {
    words.push('-c', 'features.secret_auth_storage=false');
  }
  if (hookTrust !== undefined) words.push('-c', `hooks.state=${hookTrust}`);
  // A program without a list of features may be a user's script, which may not understand our options.
  if (shellHome !== undefined && Object.keys(capabilities.features).length > 0) {
    words.push('-c', `shell_environment_policy.set.CODEX_HOME=${quoteToml(shellHome)}`);
  }
  return words;
}

/** Whether config.toml names Codex's encrypted store, which is off by default. */
function namesSecretStorage(configText: string): boolean {
  return /^[^#\n]*\bsecret_auth_storage\b/m.test(configText);
}
