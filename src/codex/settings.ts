import { dropUndefined, readObject, readString } from './json.ts';
import { findProjectFiles, keepTrusted, PROJECT_KEYS, type ProjectFile } from './project-layers.ts';
import { loadTomlParser } from './toml.ts';

/** The settings that decide whether Codex uses a login, and which one (facts 10, 25, 44). */
export interface LoginSettings {
  /** The model provider, when it does not use ChatGPT accounts. */
  foreignProvider?: string;
  /** A ChatGPT login must belong to one of these workspaces; Codex logs out every other account. */
  forcedWorkspaces?: string[];
  /** Codex logs out a login of the other kind. */
  forcedMethod?: 'chatgpt' | 'api';
  /** The store of Codex's logins, when it is not a file. */
  store?: string;
  /** The project's file that forces a workspace or a login method, when a project's file does. */
  forcedBy?: string;
}

export interface SettingSources {
  /** config.toml; '' when there is none. */
  text: string;
  /** The name after `--profile`, and the text of `NAME.config.toml`. */
  profile?: { name: string; text: string } | undefined;
  /** The values of `-c`, in order. */
  overrides: readonly string[];
  /** `--oss` was given. */
  oss: boolean;
  system?: SystemSettings;
  /** Without it no project's settings are read. */
  project?: ProjectPlace;
}

export interface ProjectPlace {
  /** The working directory, or the directory of `-C`; absolute. */
  directory: string;
  /** `--trust` was given. */
  asksForTrust: boolean;
}

/** The directory of an administrator's settings. */
export const SYSTEM_DIR = '/etc/codex';

/** An administrator's settings for all users. `requirements.toml` does not decide about logins (fact 40). */
export interface SystemSettings {
  /** config.toml, below the user's own; '' when there is none. */
  base: string;
  /** managed_config.toml, above the user's own; '' when there is none. */
  managed: string;
}

const KEYS =
  /\bmodel_provider\b|\bforced_chatgpt_workspace_id\b|\bforced_login_method\b|\bcli_auth_credentials_store\b/;
/** A quoted key of TOML may have escapes instead of letters: then the text does not have the key's name. */
const ESCAPES = /\\[uUx]/;

/**
 * Reads the settings about logins. Later layers outrank earlier ones: system, user, profile, project from its root
 * down, `-c`, managed (fact 40). The TOML parser is loaded only when a text has one of the keys. A text that the parser
 * refuses has no settings: Codex itself reports the error.
 */
export async function readLoginSettings(sources: SettingSources): Promise<LoginSettings> {
  const { text, profile, overrides, oss, project, system = { base: '', managed: '' } } = sources;
  if (oss) return { foreignProvider: 'oss' };
  const files = project === undefined ? [] : findProjectFiles(project.directory);
  const texts = [system.base, text, profile?.text ?? '', ...overrides, system.managed];
  const hasKey = [...texts, ...files.map((file) => file.text)].some(
    (source) => KEYS.test(source) || ESCAPES.test(source),
  );
  if (!hasKey) return {};
  const parse = await loadTomlParser();
  const read = (toml: string): Table => {
    try {
      return parse(toml);
    } catch {
      return {};
    }
  };
  const base = read(text);
  // Up to 0.150 a profile is a table of config.toml; later a file (fact 41).
  const name = readString(profile?.name ?? base.profile);
  const table = name === undefined ? undefined : getValue(base, ['profiles', name]);
  const below = [read(system.base), base, readObject(table) ?? {}, read(profile?.text ?? '')];
  const above = [...overrides.map((word) => parseOverride(word, read)), read(system.managed)];
  const projects = keepProjectSettings(files, project, [...below, ...above], read);
  const layers = [...below, ...projects.map(({ settings }) => settings), ...above];
  const forced = readForcedLogin(layers);
  const key = forced.forcedWorkspaces ? 'forced_chatgpt_workspace_id' : 'forced_login_method';
  const isForcedAbove = pickValue(above, [key]) !== undefined;
  const forcing = projects.findLast(({ settings }) => settings[key] !== undefined)?.file;
  const store = readString(pickValue(layers, ['cli_auth_credentials_store']));
  return {
    ...forced,
    ...dropUndefined({
      foreignProvider: findForeignProvider(layers),
      store: store === 'file' ? undefined : store,
      forcedBy: isForcedAbove || Object.keys(forced).length === 0 ? undefined : forcing,
    }),
  };
}

type Table = Record<string, unknown>;

interface ProjectSettings {
  file: string;
  settings: Table;
}

function keepProjectSettings(
  files: readonly ProjectFile[],
  project: ProjectPlace | undefined,
  layers: readonly Table[],
  read: (toml: string) => Table,
): ProjectSettings[] {
  if (project === undefined) return [];
  const trusted = keepTrusted(files, {
    ...project,
    markers: pickValue(layers, ['project_root_markers']),
    trustOf: (path) => pickValue(layers, ['projects', path, 'trust_level']),
  });
  return trusted.map(({ file, text }) => {
    const table = read(text);
    return { file, settings: Object.fromEntries(PROJECT_KEYS.map((key) => [key, table[key]])) };
  });
}

/** A value of `-c key.path=value`. Codex reads a value that is not TOML as a text. */
function parseOverride(word: string, read: (toml: string) => Table): Table {
  const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
  const parsed = read(`value = ${value}`).value ?? value.trim();
  return key
    .trim()
    .split('.')
    .reduceRight<unknown>((inner, part) => ({ [part]: inner }), parsed) as Table;
}

/** A provider that does not use ChatGPT accounts, or that has a key of its own, which outranks an account (fact 44). */
function findForeignProvider(layers: readonly Table[]): string | undefined {
  const provider = pickValue(layers, ['model_provider']);
  if (typeof provider !== 'string' || provider === 'openai') return undefined;
  const pick = (key: string) => pickValue(layers, ['model_providers', provider, key]);
  const hasOwnKey = ['env_key', 'experimental_bearer_token'].some((key) => pick(key) !== undefined);
  return pick('requires_openai_auth') === true && !hasOwnKey ? undefined : provider;
}

function readForcedLogin(
  layers: readonly Table[],
): Pick<LoginSettings, 'forcedWorkspaces' | 'forcedMethod'> {
  const workspaces = [pickValue(layers, ['forced_chatgpt_workspace_id'])]
    .flat()
    .flatMap((workspace) => (typeof workspace === 'string' ? [workspace.trim()] : []))
    .filter((workspace) => workspace !== '');
  const method = pickValue(layers, ['forced_login_method']);
  return {
    ...(workspaces.length > 0 ? { forcedWorkspaces: workspaces } : {}),
    ...(method === 'chatgpt' || method === 'api' ? { forcedMethod: method } : {}),
  };
}

/** The value of the last layer that has one. */
function pickValue(layers: readonly Table[], path: readonly string[]): unknown {
  return layers.map((layer) => getValue(layer, path)).findLast((value) => value !== undefined);
}

function getValue(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, part) => readObject(inner)?.[part], value);
}
