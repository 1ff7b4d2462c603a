import { join } from 'node:path';
import { type LoginSettings, readLoginSettings, SYSTEM_DIR } from '../../codex/settings.ts';
import { loadTomlParser } from '../../codex/toml.ts';
import { readRegularFile } from '../../regular-file.ts';
import { errnoOf } from '../../state/files.ts';
import { type Finding, issue, listFindings, note, ok } from './finding.ts';

/** The configuration files of Codex, read once for all checks. */
export interface ConfigFiles {
  /** The settings about logins, as a launch reads them. */
  login: LoginSettings;
  /** The effective value of a key. */
  valueOf(key: string): unknown;
  /** The file with the effective value; for a profile the user's file. */
  fileOf(key: string): string;
  /** The files that Codex cannot read, so it does not start. */
  broken: Finding[];
}

export async function readConfigFiles(
  sharedHome: string,
  systemDir = SYSTEM_DIR,
): Promise<ConfigFiles> {
  const read = (directory: string, name: string) => readToml(join(directory, name));
  const base = await read(systemDir, 'config.toml');
  const own = await read(sharedHome, 'config.toml');
  const managed = await read(systemDir, 'managed_config.toml');
  const layers = [base, own, managed];
  const layerWith = (key: string) => layers.findLast(({ settings }) => settings[key] !== undefined);
  const system = { base: base.text, managed: managed.text };
  return {
    login: await readLoginSettings({ text: own.text, overrides: [], oss: false, system }),
    valueOf: (key) => layerWith(key)?.settings[key],
    fileOf: (key) => (layerWith(key) ?? own).file,
    broken: layers
      .filter(({ fault }) => fault !== undefined)
      .map(({ file, fault }) => issue(`${file} ${fault}, so Codex does not start; correct it`)),
  };
}

/** The settings of Codex that change which account it uses. */
export function checkCodexConfig(files: ConfigFiles): Finding[] {
  return listFindings([
    ...files.broken,
    checkCredentialStore(files),
    checkSecretStorage(files),
    ...checkForcedLogin(files),
    checkProvider(files),
  ]);
}

/** The name of a keyring entry contains CODEX_HOME, so an overlay would look logged out (fact 10). */
function checkCredentialStore({ login, fileOf }: ConfigFiles): Finding {
  if (login.store === undefined) return ok('Codex keeps its login in a file');
  return note(
    `${fileOf('cli_auth_credentials_store')} lets Codex keep its login in the "${login.store}" store; supervised sessions use the files of the vaults, the real Codex does not; ` +
      'to make the real Codex use them, set cli_auth_credentials_store = "file" and log in once more',
  );
}

/** The key of `secrets/` depends on CODEX_HOME, so no overlay can read what plain codex encrypts. */
function checkSecretStorage(files: ConfigFiles): Finding | undefined {
  const features = files.valueOf('features') as { secret_auth_storage?: unknown } | undefined;
  if (features?.secret_auth_storage !== true) return undefined;
  return note(
    `${files.fileOf('features')} switches on secret_auth_storage, so supervised sessions cannot read the MCP logins of the real Codex and keep theirs in the keyring; ` +
      'to have the same logins in both, remove secret_auth_storage and log in to those servers once more',
  );
}

function checkForcedLogin({ login, fileOf }: ConfigFiles): Finding[] {
  const keys = [
    ...(login.forcedWorkspaces === undefined ? [] : ['forced_chatgpt_workspace_id']),
    ...(login.forcedMethod === undefined ? [] : ['forced_login_method']),
  ];
  return keys.map((key) =>
    issue(
      `${fileOf(key)} sets ${key}: no session uses an account that does not fit, because Codex would log it out, as the real Codex does; remove the setting, or remove those accounts`,
    ),
  );
}

function checkProvider({ login, fileOf }: ConfigFiles): Finding | undefined {
  if (login.foreignProvider === undefined) return undefined;
  return note(
    `${fileOf('model_provider')} works with the provider "${login.foreignProvider}", which does not use your accounts, so codex runs unsupervised; to use your accounts, remove model_provider`,
  );
}

interface Layer {
  file: string;
  /** '' when the file is missing or broken. */
  text: string;
  settings: Record<string, unknown>;
  fault?: string;
}

async function readToml(file: string): Promise<Layer> {
  const parse = await loadTomlParser();
  const nothing = { file, text: '', settings: {} };
  try {
    const text = readRegularFile(file).toString('utf8');
    return { file, text, settings: parse(text) };
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return nothing;
    const { line } = error as { line?: number };
    const isToml = code === undefined;
    const fault = isToml ? `is not valid TOML (line ${line})` : `cannot be read (${code})`;
    return { ...nothing, fault };
  }
}
