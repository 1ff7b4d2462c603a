import { HotswapError } from '../../errors.ts';
import type { Config, Target } from '../../state/config.ts';
import {
  describeValues,
  parseSetting,
  SETTINGS,
  type Setting,
  TARGET_SETTINGS,
} from '../../state/settings.ts';

type Value = Setting['default'];

/** A setting under its key in `config`, such as `targets.acc1.threshold`. */
export interface ConfigKey {
  key: string;
  setting: Setting;
  read(config: Config): Value;
  /** @returns the changed configuration. */
  write(config: Config, value: Value): Config;
}

/** Every setting of this configuration, also those of each target. */
export function listConfigKeys({ targets }: Config): ConfigKey[] {
  const general = Object.entries(SETTINGS).map(([key, setting]) => ({
    key,
    setting,
    read: (config: Config) => config[key as keyof typeof SETTINGS],
    write: (config: Config, value: Value) => ({ ...config, [key]: value }),
  }));
  return [...general, ...targets.flatMap(({ name }) => listTargetKeys(name))];
}

/** @throws HotswapError `usage` that names all settings. */
export function findConfigKey(config: Config, key: string): ConfigKey {
  const keys = listConfigKeys(config);
  const found = keys.find((known) => known.key === key);
  if (found !== undefined) return found;
  throw new HotswapError(
    'usage',
    `there is no setting called ${JSON.stringify(key)}`,
    /^rules\b/.test(key)
      ? 'for the rules: codex-hotswap rule --help'
      : `you have: ${keys.map((known) => known.key).join(', ')}`,
  );
}

/** Reads a typed value. @throws HotswapError `usage` when the text is no value of this setting. */
export function parseValue({ key, setting }: ConfigKey, text: string): Value {
  const value = parseSetting(setting, text);
  if (value !== undefined) return value;
  const found = JSON.stringify(text.slice(0, 80));
  const problem = `${key} must be ${describeValues(setting)}, but is ${found}`;
  throw new HotswapError('usage', problem, 'nothing was changed');
}

function listTargetKeys(name: string): ConfigKey[] {
  return Object.entries(TARGET_SETTINGS).map(([key, setting]) => ({
    key: `targets.${name}.${key}`,
    setting,
    read: ({ targets }) =>
      targets.find((target) => target.name === name)?.[key as keyof Target] ?? setting.default,
    write: (config, value) => ({
      ...config,
      targets: config.targets.map((target) =>
        target.name === name ? { ...target, [key]: value } : target,
      ),
    }),
  }));
}
