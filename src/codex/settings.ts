/** What Codex's configuration says that decides whether, and which, logins are used at all (facts 5.2, 1.2). */
export interface LoginSettings {
  /** The provider, when its limits are not those of a ChatGPT account. */
  foreignProvider?: string;
  /** Workspaces that a ChatGPT login must be of; Codex logs out any other. */
  forcedWorkspaces?: string[];
  /** Codex logs out any login of the other kind. */
  forcedMethod?: 'chatgpt' | 'api';
  /** Where Codex keeps logins, when that is not a file. */
  store?: string;
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
}

/** Where an administrator's settings are. */
export const SYSTEM_DIR = '/etc/codex';

/**
 * What an administrator has set, for every user. Measured (0.150, 0.169): config.toml stands below the
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

/**
 * Reads the settings that matter for logins; later sources outrank earlier ones. The TOML parser is loaded only when one
 * of the keys occurs. What does not parse is left for Codex itself to complain about.
 */
export async function readLoginSettings(sources: SettingSources): Promise<LoginSettings> {
  const { text, profile, overrides, oss, system = { base: '', managed: '' } } = sources;
  if (oss) return { foreignProvider: 'oss' };
  const texts = [system.base, text, profile?.text ?? '', ...overrides, system.managed];
  const matters = texts.some((source) => KEYS.test(source));
  if (!matters) return {};
  const { parse } = await import('smol-toml');
  const read = (toml: string): Table => {
    try {
      return parse(toml);
    } catch {
      return {};
    }
  };
  const base = read(text);
  // Up to 0.150 a profile is a table of config.toml; later a file of its own.
  const name = profile?.name ?? base.profile;
  const table = typeof name === 'string' ? at(base, ['profiles', name]) : undefined;
  const layers = [
    read(system.base),
    base,
    asTable(table),
    read(profile?.text ?? ''),
    ...overrides.map(readOverride),
    read(system.managed),
  ];
  const pick = (path: string[]): unknown =>
    layers.map((layer) => at(layer, path)).findLast((value) => value !== undefined);

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
    pick(['model_providers', provider, 'requires_openai_auth']) !== true;
  const workspaces = [pick(['forced_chatgpt_workspace_id'])].flat().filter(isText);
  const method = pick(['forced_login_method']);
  const store = pick(['cli_auth_credentials_store']);
  return {
    ...(isForeign ? { foreignProvider: provider } : {}),
    ...(workspaces.length > 0 ? { forcedWorkspaces: workspaces } : {}),
    ...(method === 'chatgpt' || method === 'api' ? { forcedMethod: method } : {}),
    ...(isText(store) && store !== 'file' ? { store } : {}),
  };
}

type Table = Record<string, unknown>;

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, part) => asTable(inner)[part], value);
}

function asTable(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Table)
    : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
