import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../state/files.ts';
import { type Finding, issue, note, ok } from './finding.ts';

/** A setting that holds, and the file that sets it. */
export interface Setting {
  file: string;
  value: unknown;
}

export interface CodexConfig {
  find(key: string): Setting | undefined;
  /** What keeps Codex from starting. */
  broken: Finding[];
}

/** Where an administrator sets things for every user. */
const SYSTEM_DIR = '/etc/codex';

/**
 * Reads the files that Codex is configured by, later ones above earlier ones (facts 5.2; the last was measured with 0.150
 * and 0.169).
 */
export async function readCodexConfig(
  sharedHome: string,
  systemDir = SYSTEM_DIR,
): Promise<CodexConfig> {
  const files = [
    join(systemDir, 'config.toml'),
    join(sharedHome, 'config.toml'),
    join(systemDir, 'managed_config.toml'),
  ];
  const layers = await Promise.all(files.map(readToml));
  return {
    find: (key) =>
      layers
        .map(({ file, settings }) => ({ file, value: settings[key] }))
        .findLast(({ value }) => value !== undefined),
    broken: layers.flatMap(({ file, fault }) =>
      fault === undefined
        ? []
        : [issue(`${file} ${fault}, so Codex does not start either; correct it`)],
    ),
  };
}

/** What the configuration means for accounts. */
export function checkCodexConfig(config: CodexConfig): Finding[] {
  return [
    ...config.broken,
    checkCredentialStore(config),
    ...checkForcedLogin(config),
    ...checkProvider(config),
  ];
}

/** A keyring entry is keyed by CODEX_HOME, so an overlay would look logged out (facts 1.2). */
function checkCredentialStore({ find }: CodexConfig): Finding {
  const { file, value = 'file' } = find('cli_auth_credentials_store') ?? {};
  if (value === 'file') return ok('Codex keeps its login in a file');
  return note(
    `${file} lets Codex keep its login in the ${JSON.stringify(value)} store; supervised sessions use the files of the vaults, ` +
      'plain codex does not: to bring its login in, set cli_auth_credentials_store = "file" and log in once more',
  );
}

function checkForcedLogin({ find }: CodexConfig): Finding[] {
  return ['forced_chatgpt_workspace_id', 'forced_login_method'].flatMap((key) => {
    const setting = find(key);
    if (setting === undefined) return [];
    return [
      issue(
        `${setting.file} sets ${key}: targets that do not fit are left out, for Codex would log them out, and plain codex still does; remove it, or remove those targets`,
      ),
    ];
  });
}

function checkProvider({ find }: CodexConfig): Finding[] {
  const { file, value = 'openai' } = find('model_provider') ?? {};
  if (value === 'openai') return [];
  return [
    note(
      `${file} works with the provider ${JSON.stringify(value)}, which has no use for these accounts, so codex runs alone; remove model_provider to use them`,
    ),
  ];
}

interface Layer {
  file: string;
  settings: Record<string, unknown>;
  fault?: string;
}

async function readToml(file: string): Promise<Layer> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { file, settings: {} };
    return { file, settings: {}, fault: `cannot be read (${errnoOf(error)})` };
  }
  const { parse } = await import('smol-toml');
  try {
    return { file, settings: parse(text) };
  } catch (error) {
    const { line } = error as { line?: number };
    return { file, settings: {}, fault: `is not valid TOML (line ${line})` };
  }
}
