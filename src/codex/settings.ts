import { findProjectFiles, keepTrusted, PROJECT_KEYS } from './project-layers.ts';
import { loadTomlParser } from './toml.ts';

/** What Codex's configuration says that decides whether, and which, logins are used at all (facts 40, 10). */
export interface LoginSettings {
  /** The provider, when its limits are not those of a ChatGPT account. */
  foreignProvider?: string;
  /** Workspaces that a ChatGPT login must be of; Codex logs out any other. */
  forcedWorkspaces?: string[];
  /** Codex logs out any login of the other kind. */
  forcedMethod?: 'chatgpt' | 'api';
  /** Where Codex keeps logins, when that is not a file. */
  store?: string;
  /** The project's file that forces a workspace or a way to log in, when it is a project's. */
  forcedBy?: string;
}

export interface SettingSources {
  /** config.toml; '' when there is none. */
  text: string;
  /** What `--profile NAME` names, and the text of `NAME.config.toml`. */
  profile?: { name: string; text: string } | undefined;
  /** The words of `-c`, in order. */
  overrides: readonly string[];
  /** `--oss` was given. */
  oss: boolean;
  /** Of the machine's administrator. */
  system?: SystemSettings;
  /** Where Codex works; without it no project's settings are read. */
  project?: ProjectPlace;
}

export interface ProjectPlace {
  /** The working directory, or what `-C` names; absolute. */
  directory: string;
  /** `--trust` was given. */
  asksForTrust: boolean;
}

/** Where an administrator's settings are. */
export const SYSTEM_DIR = '/etc/codex';

/**
 * What an administrator has set, for every user (fact 40): config.toml stands below the
 * user's own, managed_config.toml above it; requirements.toml has no say in which logins are used.
 */
export interface SystemSettings {
  /** config.toml; '' when there is none. */
  base: string;
  /** managed_config.toml; '' when there is none. */
  managed: string;
}

const KEYS =
  /\bmodel_provider\b|\bforced_chatgpt_workspace_id\b|\bforced_login_method\b|\bcli_auth_credentials_store\b/;
/** TOML can write any letter of a quoted key as an escape, and then the key's name is not in the text. */
const ESCAPES = /\\[uUx]/;

/**
 * Reads the settings that matter for logins; later sources outrank earlier ones: system, user, profile, project from its
 * root down, `-c`, managed (fact 40). The TOML parser is loaded only when one
 * of the keys occurs. What does not parse is left for Codex itself to complain about.
 */
export async function readLoginSettings(sources: SettingSources): Promise<LoginSettings> {
  const { text, profile, overrides, oss, project, system = { base: '', managed: '' } } = sources;
  if (oss) return { foreignProvider: 'oss' };
  const texts = [system.base, text, profile?.text ?? '', ...overrides, system.managed];
  const candidates = project === undefined ? [] : findProjectFiles(project.directory);
  const matters = [...texts, ...candidates.map((candidate) => candidate.text)].some(
    (source) => KEYS.test(source) || ESCAPES.test(source),
  );
  if (!matters) return {};
  const parse = await loadTomlParser();
  const read = (toml: string): Table => {
    try {
      return parse(toml);
    } catch {
      return {};
    }
  };
  const base = read(text);
  // Up to 0.150 a profile is a table of config.toml; later a file of its own (fact 41).
  const name = profile?.name ?? base.profile;
  const table = typeof name === 'string' ? at(base, ['profiles', name]) : undefined;
  const below = [read(system.base), base, asTable(table), read(profile?.text ?? '')];
  const above = [...overrides.map(readOverride), read(system.managed)];
  const pickFrom = (layers: readonly Table[], path: string[]): unknown =>
    layers.map((layer) => at(layer, path)).findLast((value) => value !== undefined);
  const projects =
    project === undefined
      ? []
      : keepTrusted(candidates, {
          ...project,
          markers: pickFrom([...below, ...above], ['project_root_markers']),
          trustOf: (path) => pickFrom([...below, ...above], ['projects', path, 'trust_level']),
        }).map(({ file, text: toml }) => ({ file, settings: onlyProjectKeys(read(toml)) }));
  const layers = [...below, ...projects.map(({ settings }) => settings), ...above];
  const pick = (path: string[]): unknown => pickFrom(layers, path);

  function readOverride(word: string): Table {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
    const parsed = read(`value = ${value}`).value ?? value.trim(); // Codex takes a bare word as a text
    return key
      .trim()
      .split('.')
      .reduceRight<unknown>((inner, part) => ({ [part]: inner }), parsed) as Table;
  }

  const provider = pick(['model_provider']);
  const isForeign =
    typeof provider === 'string' &&
    provider !== 'openai' &&
    (pick(['model_providers', provider, 'requires_openai_auth']) !== true ||
      OWN_KEYS.some((key) => pick(['model_providers', provider, key]) !== undefined));
  const workspaces = [pick(['forced_chatgpt_workspace_id'])]
    .flat()
    .flatMap((workspace) => (typeof workspace === 'string' ? [workspace.trim()] : []))
    .filter(isText);
  const method = pick(['forced_login_method']);
  const store = pick(['cli_auth_credentials_store']);
  const isForced = workspaces.length > 0 || method === 'chatgpt' || method === 'api';
  const key = workspaces.length > 0 ? 'forced_chatgpt_workspace_id' : 'forced_login_method';
  const forcedBy =
    isForced && pickFrom(above, [key]) === undefined
      ? projects.findLast(({ settings }) => settings[key] !== undefined)?.file
      : undefined;
  return {
    ...(isForeign ? { foreignProvider: provider } : {}),
    ...(workspaces.length > 0 ? { forcedWorkspaces: workspaces } : {}),
    ...(method === 'chatgpt' || method === 'api' ? { forcedMethod: method } : {}),
    ...(isText(store) && store !== 'file' ? { store } : {}),
    ...(forcedBy === undefined ? {} : { forcedBy }),
  };
}

/** A key of the provider's own outranks the account (fact 44). */
const OWN_KEYS = ['env_key', 'experimental_bearer_token'];

type Table = Record<string, unknown>;

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, part) => asTable(inner)[part], value);
}

function onlyProjectKeys(settings: Table): Table {
  return Object.fromEntries(
    PROJECT_KEYS.flatMap((key) => (Object.hasOwn(settings, key) ? [[key, settings[key]]] : [])),
  );
}

function asTable(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Table)
    : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
