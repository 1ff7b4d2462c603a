import { dirname } from 'node:path';
import { CONFIG_DEFAULTS, type Config, readConfig, STRATEGIES, validateConfig } from './config.ts';
import { cannotWrite, ensurePrivateDir } from './files.ts';
import type { Paths } from './paths.ts';
import { changeConfig } from './records.ts';

/** The configuration's JSON schema: what `conf` checks before it writes. `null` is read as left out. */
export const CONFIG_SCHEMA = {
  version: { type: 'number', const: 1 },
  targets: {
    type: 'array',
    items: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', pattern: '^(?!\\.+$)[A-Za-z0-9._-]{1,64}$' },
        vault: { type: 'string', pattern: '^(/|~/)' },
        enabled: { type: 'boolean', nullable: true },
        threshold: { type: 'number', minimum: 0, maximum: 100 },
      },
    },
  },
  prompt: { type: 'string', default: CONFIG_DEFAULTS.prompt },
  cooldownMinutes: {
    type: 'number',
    minimum: 0,
    maximum: 44640,
    nullable: true,
    default: CONFIG_DEFAULTS.cooldownMinutes,
  },
  whenExhausted: {
    type: 'string',
    enum: ['stay', 'wait', null],
    nullable: true,
    default: CONFIG_DEFAULTS.whenExhausted,
  },
  waitSlackSeconds: {
    type: 'number',
    minimum: 0,
    maximum: 3600,
    nullable: true,
    default: CONFIG_DEFAULTS.waitSlackSeconds,
  },
  strategy: {
    type: 'string',
    enum: [...STRATEGIES, null],
    nullable: true,
    default: CONFIG_DEFAULTS.strategy,
  },
  rotateBelow: {
    type: 'number',
    minimum: 0,
    maximum: 100,
    nullable: true,
    default: CONFIG_DEFAULTS.rotateBelow,
  },
  refreshMarginSeconds: {
    type: 'number',
    minimum: 310,
    maximum: 86400,
    nullable: true,
    default: CONFIG_DEFAULTS.refreshMarginSeconds,
  },
  bell: { type: 'boolean', nullable: true, default: CONFIG_DEFAULTS.bell },
  notify: { type: 'boolean', nullable: true, default: CONFIG_DEFAULTS.notify },
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
