import { dirname, join } from 'node:path';
import { listFlagValues } from '../codex/argv.ts';
import { SYSTEM_DIR } from '../codex/settings.ts';
import { decidesShellHome } from '../codex/shell-policy.ts';
import { readTextQuietly } from '../regular-file.ts';
import { type WorkPlace, workingDirectory } from './working-directory.ts';

export interface ShellHomeQuestion extends WorkPlace {
  sharedHome: string;
  /** The text of the shared home's config.toml. */
  configText: string;
  /** Where an administrator's settings are; elsewhere for tests. */
  systemDir?: string;
}

/**
 * CODEX_HOME for what the model and the user start from within Codex: the shared home. An editor, tmux or a server that
 * is started there may outlive the session, and would have the overlay, which then shows the account of another session.
 * @returns undefined where the user has decided about it.
 */
export async function shellHome(question: ShellHomeQuestion): Promise<string | undefined> {
  const { invocation, configText, sharedHome, systemDir = SYSTEM_DIR } = question;
  const profiles = listFlagValues(invocation, 'profile');
  const files = [
    ...profiles.map((name) => join(sharedHome, `${name}.config.toml`)),
    ...['config.toml', 'managed_config.toml'].map((name) => join(systemDir, name)),
    ...projectFiles(question),
  ];
  const isDecided = await decidesShellHome({
    texts: [configText, ...files.map(readTextQuietly)],
    overrides: listFlagValues(invocation, 'config'),
  });
  return isDecided ? undefined : sharedHome;
}

/** Of every directory above, which is more than Codex reads: it stops at the root of the project. */
function projectFiles(question: ShellHomeQuestion): string[] {
  const files: string[] = [];
  for (let dir = workingDirectory(question); ; dir = dirname(dir)) {
    files.push(join(dir, '.codex', 'config.toml'));
    if (dir === dirname(dir)) return files;
  }
}
