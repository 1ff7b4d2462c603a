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
  /** The directory of an administrator's settings; tests give another one. */
  systemDir?: string;
}

/**
 * CODEX_HOME for the programs that the model or the user starts in Codex: the shared home. Such a program (an editor, tmux, a
 * server) may live longer than the session. With the overlay as its home it would use the account of the next session.
 * @returns undefined when the user's settings decide CODEX_HOME.
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

/** The files of all directories above. Codex reads fewer: it stops at the root of the project. */
function projectFiles(question: ShellHomeQuestion): string[] {
  const files: string[] = [];
  for (let dir = workingDirectory(question); ; dir = dirname(dir)) {
    files.push(join(dir, '.codex', 'config.toml'));
    if (dir === dirname(dir)) return files;
  }
}
