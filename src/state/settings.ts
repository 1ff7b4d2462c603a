/** A setting of config.json. The type of its default is its type. */
export interface Setting {
  default: string | number | boolean;
  /** One line for the user. */
  help: string;
  /** All values of a choice. */
  values?: readonly string[];
  /** The bounds of a number. */
  from?: number;
  to?: number;
  /** The environment variable that replaces the setting in one session. */
  variable?: string;
}

/**
 * Every setting. The reader of config.json, `config`, the completion and the README's table use this table. The file is on
 * the hot path, so it imports nothing.
 */
export const SETTINGS = {
  strategy: {
    default: 'order',
    values: ['order', 'most-left', 'soonest-reset'],
    help: 'which usable account a session uses: the first in order, the one with the most left, or the one that resets first',
  },
  prompt: {
    default: 'continue',
    help: 'the prompt for a resumed thread, where {account} is the account that goes on and {limit} the limit that was met; empty: no prompt, the thread waits for you',
  },
  cooldownMinutes: {
    ...{ default: 240, from: 0, to: 60 * 24 * 31 },
    help: 'minutes an account rests when its reset time is unknown',
  },
  whenExhausted: {
    default: 'stay',
    values: ['stay', 'wait'],
    help: 'when every account is at its limit: stay in Codex, or wait for the first to come back',
    variable: 'CODEX_HOTSWAP_WAIT',
  },
  waitSlackSeconds: {
    ...{ default: 60, from: 0, to: 3600 },
    help: 'seconds after the reset time at which a waiting session asks its account again',
  },
  rotateBelow: {
    ...{ default: 0, from: 0, to: 100 },
    help: 'percent left in any window below which a session moves to an account with more, between two turns; 0: only at the limit',
  },
  refreshMarginSeconds: {
    // Codex itself refreshes a token in its last 300 seconds. No token may get so old.
    ...{ default: 1800, from: 310, to: 86_400 },
    help: 'seconds before the end of an access token at which it is refreshed, earlier than Codex would do it',
  },
  resumeList: {
    default: 'all',
    values: ['all', 'codex'],
    help: 'what a bare `codex resume` or `codex fork` lists where Codex hides threads of your other accounts: the threads of all accounts, or what Codex lists',
  },
  title: {
    default: 'account',
    values: ['account', 'plain'],
    help: 'the window’s title: Codex’s own with the account behind it, or Codex’s own alone',
  },
  bell: {
    default: true,
    help: 'ring the terminal’s bell at a handoff, and when no account is left',
  },
  notify: {
    default: true,
    help: 'show a desktop notification at a handoff, and when no account is left, where the terminal can',
  },
} as const satisfies Record<string, Setting>;

/** The settings of each target. */
export const TARGET_SETTINGS = {
  enabled: { default: true, help: 'whether it is chosen at all' },
  threshold: {
    ...{ default: 0, from: 0, to: 100 },
    help: 'percent left below which it is not chosen while another has more',
  },
  credits: {
    ...{ default: 'last', values: ['never', 'last', 'allow'] as const },
    help: 'when its included usage is used up and purchased credits would pay: never use it, use it after all accounts with included usage, or use it all the same',
  },
} as const satisfies Record<string, Setting>;

type Widened<T> = T extends string ? string : T extends number ? number : boolean;
type ValueOf<S> = S extends { values: readonly (infer V)[] }
  ? V
  : S extends { default: infer D }
    ? Widened<D>
    : never;

/** The values of a table of settings. */
export type SettingsOf<T> = { -readonly [K in keyof T]: ValueOf<T[K]> };
export type Settings = SettingsOf<typeof SETTINGS>;
export type TargetSettings = SettingsOf<typeof TARGET_SETTINGS>;

export function fitsSetting(
  { default: usual, values, from = 0, to = 0 }: Setting,
  value: unknown,
): boolean {
  if (values !== undefined) return values.some((known) => known === value);
  if (typeof value === 'number') return typeof usual === 'number' && value >= from && value <= to;
  return typeof value === typeof usual && !(typeof value === 'string' && value.includes('\0'));
}

/** The values of a setting, for a sentence with “must be”. */
export function describeValues({ default: usual, values, from, to }: Setting): string {
  if (values !== undefined) {
    const words = values.map((value) => `"${value}"`).join(', ');
    return words.replace(/, (?=[^,]*$)/, ' or ');
  }
  if (typeof usual === 'number') return `a number from ${from} to ${to}`;
  return typeof usual === 'boolean' ? 'true or false' : 'a text';
}

/** Parses a typed value; undefined when it does not fit the setting. */
export function parseSetting(setting: Setting, text: string): Setting['default'] | undefined {
  const value = typeof setting.default === 'string' ? text : readSwitchOrNumber(text);
  return fitsSetting(setting, value) ? value : undefined;
}

function readSwitchOrNumber(text: string): number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() === '' ? Number.NaN : Number(text);
}
