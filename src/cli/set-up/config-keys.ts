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

/** A setting under the key that `config` knows it by, with its place in the configuration. */
export interface ConfigKey {
  key: string;
  setting: Setting;
  read(config: Config): Value;
  /** @throws HotswapError `usage` when the text is no value of this setting. */
  write(config: Config, text: string): Config;
}

/** Every setting of this configuration, those of each target included. */
export function listConfigKeys(config: Config): ConfigKey[] {
  const general = Object.entries(SETTINGS).map(([key, setting]) =>
    keyOf(key, setting, {
      read: (from) => from[key as keyof typeof SETTINGS],
      write: (to, value) => ({ ...to, [key]: value }),
    }),
  );
  return [...general, ...config.targets.flatMap(({ name }) => keysOfTarget(name))];
}

/** @throws HotswapError `usage` naming the settings there are. */
export function findConfigKey(config: Config, key: string): ConfigKey {
  const keys = listConfigKeys(config);
  const found = keys.find((known) => known.key === key);
  if (found !== undefined) return found;
  throw new HotswapError(
    'usage',
    `there is no setting called ${JSON.stringify(key)}`,
    `you have: ${keys.map((known) => known.key).join(', ')}`,
  );
}

function keysOfTarget(name: string): ConfigKey[] {
  return Object.entries(TARGET_SETTINGS).map(([key, setting]) =>
    keyOf(`targets.${name}.${key}`, setting, {
      read: ({ targets }) =>
        targets.find((target) => target.name === name)?.[key as keyof Target] ?? setting.default,
      write: (config, value) => ({
        ...config,
        targets: config.targets.map((target) =>
          target.name === name ? { ...target, [key]: value } : target,
        ),
      }),
    }),
  );
}

function keyOf(
  key: string,
  setting: Setting,
  place: { read(config: Config): Value; write(config: Config, value: Value): Config },
): ConfigKey {
  return {
    key,
    setting,
    read: place.read,
    write(config, text) {
      const value = parseSetting(setting, text);
      if (value !== undefined) return place.write(config, value);
      const found = JSON.stringify(text.slice(0, 80));
      const problem = `${key} must be ${describeValues(setting)}, but is ${found}`;
      throw new HotswapError('usage', problem, 'nothing was changed');
    },
  };
}
