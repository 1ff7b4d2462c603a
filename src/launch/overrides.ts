import type { ExecInvocation, InteractiveInvocation } from '../codex/argv.ts';
import { hasFlag } from '../codex/argv.ts';

/** What this Codex binary can do, as far as a launch depends on it. */
export interface LaunchCapabilities {
  noDaemon: boolean;
  features: ReadonlySet<string>;
}

export interface OverrideFacts {
  capabilities: LaunchCapabilities;
  invocation: InteractiveInvocation | ExecInvocation;
  /** The user's config.toml, '' when there is none. */
  configText: string;
  /** The value for `-c hooks.state=…`, when hooks are trusted under the shared home's path. */
  hookTrust: string | undefined;
}

/**
 * The words put in front of the user's own, so that their `-c` of the same key wins.
 * @returns options of the root command; Codex merges them into every subcommand (facts 6).
 */
export function listOverrides(facts: OverrideFacts): string[] {
  const { capabilities, invocation, configText, hookTrust } = facts;
  const words: string[] = [];
  // A daemon would keep the old account and outlive the session (facts M8, 4).
  if (
    invocation.mode === 'interactive' &&
    capabilities.noDaemon &&
    !hasFlag(invocation, 'no-daemon')
  ) {
    words.push('--no-daemon');
  }
  // Would refuse to resume another account's thread, should it ever be switched on (fact M16).
  if (capabilities.features.has('cli_resume_account_check')) {
    words.push('-c', 'features.cli_resume_account_check=false');
  }
  // A keyring entry is keyed by CODEX_HOME: an overlay would look logged out (facts 1.2).
  if (setsOtherCredentialStore(configText)) {
    words.push('-c', 'cli_auth_credentials_store="file"');
  }
  if (hookTrust !== undefined) words.push('-c', `hooks.state=${hookTrust}`);
  return words;
}

/** True when the user keeps Codex's databases elsewhere by configuration, so that we must not move them. */
export function setsSqliteHome(configText: string): boolean {
  return /^[ \t]*sqlite_home[ \t]*=/m.test(configText);
}

function setsOtherCredentialStore(configText: string): boolean {
  const value = /^[ \t]*cli_auth_credentials_store[ \t]*=[ \t]*["']([^"'\n]*)["']/m.exec(
    configText,
  )?.[1];
  return value !== undefined && value !== 'file';
}
