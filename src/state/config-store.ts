import { dirname } from 'node:path';
import { CONFIG_DEFAULTS, type Config, readConfig, STRATEGIES, validateConfig } from './config.ts';
import { cannotWrite, ensurePrivateDir } from './files.ts';
import type { Paths } from './paths.ts';

/** The configuration's JSON schema: what `conf` checks before it writes. */
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
        enabled: { type: 'boolean' },
        threshold: { type: 'number', minimum: 0, maximum: 100 },
      },
    },
  },
  prompt: { type: 'string', default: CONFIG_DEFAULTS.prompt },
  cooldownMinutes: {
    type: 'number',
    minimum: 0,
    maximum: 44640,
    default: CONFIG_DEFAULTS.cooldownMinutes,
  },
  whenExhausted: {
    type: 'string',
    enum: ['stay', 'wait'],
    default: CONFIG_DEFAULTS.whenExhausted,
  },
  waitSlackSeconds: {
    type: 'number',
    minimum: 0,
    maximum: 3600,
    default: CONFIG_DEFAULTS.waitSlackSeconds,
  },
  strategy: { type: 'string', enum: STRATEGIES, default: CONFIG_DEFAULTS.strategy },
  rotateBelow: {
    type: 'number',
    minimum: 0,
    maximum: 100,
    default: CONFIG_DEFAULTS.rotateBelow,
  },
  refreshMarginSeconds: {
    type: 'number',
    minimum: 310,
    maximum: 86400,
    default: CONFIG_DEFAULTS.refreshMarginSeconds,
  },
  bell: { type: 'boolean', default: CONFIG_DEFAULTS.bell },
  notify: { type: 'boolean', default: CONFIG_DEFAULTS.notify },
} as const;

/**
 * Writes the configuration through `conf` (0600, atomic); keys we do not know are kept. For commands, not the hot path.
 * @throws HotswapError `bad-config` when the file there, or what is to be written, is malformed.
 */
export async function writeConfig(paths: Paths, config: Config): Promise<void> {
  readConfig(paths); // a broken file is the user's to look at, not ours to overwrite
  const { default: Conf } = await import('conf');
  ensurePrivateDir(dirname(paths.configFile));
  const store = new Conf<Record<string, unknown>>({
    cwd: dirname(paths.configFile),
    configName: 'config',
    schema: CONFIG_SCHEMA,
    clearInvalidConfig: false,
    configFileMode: 0o600,
    accessPropertiesByDotNotation: false,
  });
  try {
    store.set({ ...validateConfig(config, paths) });
  } catch (error) {
    throw cannotWrite(paths.configFile, error);
  }
}

/** Reads, changes and writes the configuration; a fresh one when there is none. Returns what was written. */
export async function updateConfig(
  paths: Paths,
  change: (config: Config) => Config,
): Promise<Config> {
  const config = readConfig(paths) ?? { version: 1, targets: [], ...CONFIG_DEFAULTS };
  const changed = change(config);
  await writeConfig(paths, changed);
  return changed;
}
