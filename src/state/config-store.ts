import { dirname } from 'node:path';
import { CONFIG_DEFAULTS, type Config, readConfig, validateConfig } from './config.ts';
import { cannotWrite, ensurePrivateDir } from './files.ts';
import type { Paths } from './paths.ts';
import { changeConfig } from './records.ts';
import { SETTINGS, type Setting, TARGET_SETTINGS } from './settings.ts';

/** The configuration's JSON schema: what `conf` checks before it writes. `null` is read as left out. */
const CONFIG_SCHEMA = {
  version: { type: 'number', const: 1 },
  targets: {
    type: 'array',
    items: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', pattern: '^(?!\\.+$)[A-Za-z0-9._-]{1,64}$' },
        vault: { type: 'string', pattern: '^(/|~/)' },
        ...schemaOf(TARGET_SETTINGS),
      },
    },
  },
  ...schemaOf(SETTINGS),
} as const;

/**
 * Writes the configuration through `conf` (0600, atomic); keys we do not know are kept. For commands, not the hot path.
 * @throws HotswapError `bad-config` when the file there, or what is to be written, is malformed; `in-use` while another
 * process changes it for too long.
 */
export async function writeConfig(paths: Paths, config: Config): Promise<void> {
  await updateConfig(paths, () => config);
}

/**
 * Reads, changes and writes the configuration; a fresh one when there is none. No other process writes in between.
 * @returns what was written.
 * @throws as {@link writeConfig} does.
 */
export async function updateConfig(
  paths: Paths,
  change: (config: Config) => Config,
): Promise<Config> {
  const { default: Conf } = await import('conf');
  return changeConfig(paths, () => {
    // A broken file is the user's to look at, not ours to overwrite: this throws.
    const config = readConfig(paths) ?? { version: 1, targets: [], ...CONFIG_DEFAULTS };
    const changed = change(config);
    write(new Conf<Record<string, unknown>>(storeOptions(paths)), paths, changed);
    return changed;
  });
}

type Store = { set(values: Record<string, unknown>): void };

function write(store: Store, paths: Paths, config: Config): void {
  try {
    store.set({ ...validateConfig(config, paths) });
  } catch (error) {
    throw cannotWrite(paths.configFile, error);
  }
}

function storeOptions(paths: Paths) {
  ensurePrivateDir(dirname(paths.configFile));
  return {
    cwd: dirname(paths.configFile),
    configName: 'config',
    schema: CONFIG_SCHEMA,
    clearInvalidConfig: false,
    configFileMode: 0o600,
    accessPropertiesByDotNotation: false,
  };
}

function schemaOf(table: Record<string, Setting>) {
  const schemas = Object.entries(table).map(([key, { default: usual, values, from, to }]) => {
    const bounds = from === undefined ? {} : { minimum: from, maximum: to };
    const choice = values === undefined ? {} : { enum: [...values, null] };
    return [key, { type: typeof usual as SettingType, nullable: true, ...bounds, ...choice }];
  });
  return Object.fromEntries(schemas);
}

type SettingType = 'string' | 'number' | 'boolean';
