import { join } from 'node:path';
import { hasFlag, listFlagValues } from '../codex/argv.ts';
import {
  type LoginSettings,
  readLoginSettings,
  type SettingSources,
  SYSTEM_DIR,
  type SystemSettings,
} from '../codex/settings.ts';
import { readTextQuietly } from '../regular-file.ts';
import { type WorkPlace, workingDirectory } from './working-directory.ts';

/** The facts that decide which configuration files Codex reads. */
export interface ConfigQuestion extends WorkPlace {
  sharedHome: string;
  /** The directory of an administrator's settings; tests give another one. */
  systemDir?: string;
}

/** The settings about logins, from every layer that Codex reads for this command line. */
export function readSettings(question: ConfigQuestion): Promise<LoginSettings> {
  const { invocation, sharedHome } = question;
  const name = listFlagValues(invocation, 'profile').at(-1);
  const isIgnored = hasFlag(invocation, 'ignore-user-config');
  return readLoginSettings({
    text: isIgnored ? '' : readCodexConfig(sharedHome),
    profile:
      name === undefined || isIgnored
        ? undefined
        : { name, text: readTextQuietly(join(sharedHome, `${name}.config.toml`)) },
    overrides: listFlagValues(invocation, 'config'),
    oss: hasFlag(invocation, 'oss'),
    system: readSystem(question),
    project: {
      directory: workingDirectory(question),
      asksForTrust: hasFlag(invocation, 'trust'),
    },
  });
}

/** The store in the user's `-c`, which outranks our own `-c`. */
export async function readTypedStore({ invocation }: WorkPlace): Promise<string | undefined> {
  const overrides = listFlagValues(invocation, 'config');
  return (await readLoginSettings({ ...NOTHING, overrides })).store;
}

/** The store that an administrator has set, which outranks every `-c`. */
export async function readManagedStore(question: ConfigQuestion): Promise<string | undefined> {
  const { managed } = readSystem(question);
  return (await readLoginSettings({ ...NOTHING, text: managed })).store;
}

/** The text of the user's config.toml; '' when there is none. */
export function readCodexConfig(sharedHome: string): string {
  return readTextQuietly(join(sharedHome, 'config.toml'));
}

const NOTHING: SettingSources = { text: '', overrides: [], oss: false };

function readSystem({ systemDir = SYSTEM_DIR }: ConfigQuestion): SystemSettings {
  return {
    base: readTextQuietly(join(systemDir, 'config.toml')),
    managed: readTextQuietly(join(systemDir, 'managed_config.toml')),
  };
}
