import { HotswapError } from '../../errors.ts';
import {
  CONFIG_DEFAULTS,
  type Config,
  MAX_COOLDOWN_MINUTES,
  MAX_WAIT_SLACK_SECONDS,
  REFRESH_MARGIN_SECONDS,
  STRATEGIES,
} from '../../state/config.ts';

/** A value that `config` shows and sets. */
export type Value = string | number | boolean;

export interface Setting {
  key: string;
  what: string;
  /** All values, where they can be counted: for completion and messages. */
  values?: readonly string[];
  read(config: Config): Value;
  /** What it is if nobody sets it. */
  standard: Value;
  /** @throws HotswapError `usage`. */
  write(config: Config, text: string): Config;
}

/** Every setting of this configuration, those of each target included. */
export function listSettings(config: Config): Setting[] {
  const ofTargets = config.targets.flatMap(({ name }) => [enabledOf(name), thresholdOf(name)]);
  return [...GENERAL, ...ofTargets];
}

/** @throws HotswapError `usage` naming the settings there are. */
export function findSetting(config: Config, key: string): Setting {
  const settings = listSettings(config);
  const found = settings.find((setting) => setting.key === key);
  if (found !== undefined) return found;
  throw new HotswapError(
    'usage',
    `there is no setting called ${JSON.stringify(key)}`,
    `you have: ${settings.map((setting) => setting.key).join(', ')}`,
  );
}

const SWITCH = ['true', 'false'] as const;

const GENERAL: Setting[] = [
  {
    key: 'strategy',
    what: 'which account a session works under, among those that may be used',
    values: STRATEGIES,
    standard: CONFIG_DEFAULTS.strategy,
    read: ({ strategy }) => strategy,
    write: (config, text) => ({ ...config, strategy: oneOf('strategy', STRATEGIES, text) }),
  },
  {
    key: 'prompt',
    what: 'what a resumed thread is told; empty: nothing',
    standard: CONFIG_DEFAULTS.prompt,
    read: ({ prompt }) => prompt,
    write: (config, text) => ({ ...config, prompt: text }),
  },
  {
    key: 'cooldownMinutes',
    what: 'how long an account rests when its reset time is unknown',
    standard: CONFIG_DEFAULTS.cooldownMinutes,
    read: ({ cooldownMinutes }) => cooldownMinutes,
    write: (config, text) => ({
      ...config,
      cooldownMinutes: numberIn('cooldownMinutes', MAX_COOLDOWN_MINUTES, text),
    }),
  },
  {
    key: 'whenExhausted',
    what: 'what happens when no account is left: stay in Codex, or wait for the first to come back',
    values: ['stay', 'wait'],
    standard: CONFIG_DEFAULTS.whenExhausted,
    read: ({ whenExhausted }) => whenExhausted,
    write: (config, text) => ({
      ...config,
      whenExhausted: oneOf('whenExhausted', ['stay', 'wait'] as const, text),
    }),
  },
  {
    key: 'waitSlackSeconds',
    what: 'how long after its reset time an account that is waited for is asked whether it is back',
    standard: CONFIG_DEFAULTS.waitSlackSeconds,
    read: ({ waitSlackSeconds }) => waitSlackSeconds,
    write: (config, text) => ({
      ...config,
      waitSlackSeconds: numberIn('waitSlackSeconds', MAX_WAIT_SLACK_SECONDS, text),
    }),
  },
  {
    key: 'rotateBelow',
    what: 'percent left below which a session moves on at the end of a turn, before the limit; 0: never',
    standard: CONFIG_DEFAULTS.rotateBelow,
    read: ({ rotateBelow }) => rotateBelow,
    write: (config, text) => ({ ...config, rotateBelow: numberIn('rotateBelow', 100, text) }),
  },
  {
    key: 'refreshMarginSeconds',
    what: 'how much life an account’s access token has left when it is refreshed',
    standard: CONFIG_DEFAULTS.refreshMarginSeconds,
    read: ({ refreshMarginSeconds }) => refreshMarginSeconds,
    write: (config, text) => ({
      ...config,
      refreshMarginSeconds: numberIn(
        'refreshMarginSeconds',
        REFRESH_MARGIN_SECONDS.most,
        text,
        REFRESH_MARGIN_SECONDS.least,
      ),
    }),
  },
  switchOf('bell', 'whether the terminal rings at a handoff, and when no account is left'),
  switchOf('notify', 'whether the desktop shows a notification then, where the terminal can'),
];

function switchOf(key: 'bell' | 'notify', what: string): Setting {
  return {
    key,
    what,
    values: SWITCH,
    standard: CONFIG_DEFAULTS[key],
    read: (config) => config[key],
    write: (config, text) => ({ ...config, [key]: oneOf(key, SWITCH, text) === 'true' }),
  };
}

function enabledOf(name: string): Setting {
  const key = `targets.${name}.enabled`;
  return {
    key,
    what: 'whether it is chosen at all',
    values: SWITCH,
    standard: true,
    read: (config) => config.targets.find((target) => target.name === name)?.enabled ?? true,
    write: (config, text) =>
      withTarget(config, name, { enabled: oneOf(key, SWITCH, text) === 'true' }),
  };
}

function thresholdOf(name: string): Setting {
  const key = `targets.${name}.threshold`;
  return {
    key,
    what: 'percent left below which it is not chosen while another has more',
    standard: 0,
    read: (config) => config.targets.find((target) => target.name === name)?.threshold ?? 0,
    write: (config, text) => withTarget(config, name, { threshold: numberIn(key, 100, text) }),
  };
}

function withTarget(
  config: Config,
  name: string,
  change: Partial<Config['targets'][number]>,
): Config {
  const targets = config.targets.map((target) =>
    target.name === name ? { ...target, ...change } : target,
  );
  return { ...config, targets };
}

function oneOf<T extends string>(key: string, values: readonly T[], text: string): T {
  const found = values.find((value) => value === text);
  if (found === undefined) throw wrongValue(key, values.join(' or '), text);
  return found;
}

function numberIn(key: string, maximum: number, text: string, minimum = 0): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= minimum && number <= maximum) return number;
  throw wrongValue(key, `a number from ${minimum} to ${maximum}`, text);
}

function wrongValue(key: string, expected: string, text: string): HotswapError {
  return new HotswapError(
    'usage',
    `${key} must be ${expected}, but is ${JSON.stringify(text.slice(0, 80))}`,
    'nothing was changed',
  );
}
