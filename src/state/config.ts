import { isAbsolute, join, normalize } from 'node:path';
import { HotswapError } from '../errors.ts';
import { attempt } from './attempt.ts';
import { readJson } from './files.ts';
import type { Paths } from './paths.ts';
import { type Fail, type Rule, validateRules } from './rules.ts';
import {
  describeValues,
  fitsSetting,
  SETTINGS,
  type Setting,
  type Settings,
  type SettingsOf,
  TARGET_SETTINGS,
  type TargetSettings,
} from './settings.ts';
import { isTargetName } from './target-name.ts';

export { isTargetName };

/** One account of the user, with the place of its only credential file. */
export interface Target {
  name: string;
  /** Absolute directory that holds `auth.json`. */
  vault: string;
  enabled: boolean;
  /** Percent left below which this target is not chosen while another target has more. */
  threshold?: number;
  /** Whether it may spend purchased credits; default `last`. */
  credits?: TargetSettings['credits'];
}

/** How a session chooses among the accounts that may be used. */
export type Strategy = Settings['strategy'];

export interface Config extends Settings {
  version: 1;
  /** In the order in which sessions try them. */
  targets: Target[];
  rules: Rule[];
}

/** The default of every setting. */
export const CONFIG_DEFAULTS = Object.fromEntries(
  Object.entries(SETTINGS).map(([key, setting]) => [key, setting.default]),
) as Settings;

/** The configuration of a user who has not set up anything. */
export const EMPTY_CONFIG: Config = { version: 1, targets: [], rules: [], ...CONFIG_DEFAULTS };

/**
 * The configuration, or undefined when hotswap is not set up. Plain JSON with checks by hand, because this is the hot path.
 * A missing key takes its default; an unknown key is ignored.
 * @throws HotswapError `bad-config` that names the file, the key, the expected value and the value found.
 */
export function readConfig(paths: Paths): Config | undefined {
  const read = readJson(paths.configFile);
  if (read.kind === 'missing') return undefined;
  if (read.kind !== 'ok') throw badConfig(paths, read.reason);
  return validateConfig(read.value, paths);
}

/** Checks a value as {@link readConfig} does. */
export function validateConfig(value: unknown, paths: Paths): Config {
  const fail: Fail = (key, expected, got) => {
    throw badConfig(paths, `${key} must be ${expected}, but is ${quoteValue(got)}`);
  };
  if (!isRecord(value)) return fail('the whole file', 'an object', value);
  const { version, targets } = value;
  if (version !== 1) fail('version', '1', version);
  if (!Array.isArray(targets)) return fail('targets', 'a list', targets);
  const checked = targets.map((target, index) =>
    validateTarget(target, `targets[${index}]`, paths, fail),
  );
  refuseTwins(checked, 'name', fail);
  refuseTwins(checked, 'vault', fail);
  const rules = validateRules(value.rules, paths.home, fail);
  return { version: 1, targets: checked, rules, ...readSettings(SETTINGS, value, '', fail) };
}

/** The vault of a target for which the configuration names none. */
export function defaultVault(paths: Paths, name: string): string {
  return join(paths.home, `.codex-${name}`);
}

function validateTarget(value: unknown, key: string, paths: Paths, fail: Fail): Target {
  if (!isRecord(value)) return fail(key, 'an object', value);
  const { name, vault } = value;
  if (!isTargetName(name)) {
    return fail(`${key}.name`, '1 to 64 letters, digits, ".", "_" or "-", not only dots', name);
  }
  const { enabled, threshold, credits } = readSettings(TARGET_SETTINGS, value, `${key}.`, fail);
  return {
    name,
    vault: vault === undefined ? defaultVault(paths, name) : vaultOf(vault, key, paths, fail),
    enabled,
    ...(value.threshold === undefined ? {} : { threshold }),
    ...(value.credits === undefined ? {} : { credits }),
  };
}

/** @param prefix stands before the key in an error message. */
function readSettings<T extends Record<string, Setting>>(
  table: T,
  values: Record<string, unknown>,
  prefix: string,
  fail: Fail,
): SettingsOf<T> {
  const read = Object.entries(table).map(([key, setting]) => {
    const value = values[key] ?? setting.default;
    if (!fitsSetting(setting, value)) fail(`${prefix}${key}`, describeValues(setting), value);
    return [key, value];
  });
  return Object.fromEntries(read);
}

function vaultOf(value: unknown, key: string, paths: Paths, fail: Fail): string {
  if (typeof value === 'string') {
    const path = value.startsWith('~/') ? join(paths.home, value.slice(2)) : value;
    if (isAbsolute(path) && !path.includes('\0')) return normalize(path).replace(/(.)\/+$/, '$1');
  }
  return fail(`${key}.vault`, 'an absolute path', value);
}

function refuseTwins(targets: Target[], key: 'name' | 'vault', fail: Fail): void {
  const seen = new Set<string>();
  for (const [index, target] of targets.entries()) {
    // macOS: its default file systems ignore the case of names.
    const value = target[key].toLowerCase();
    if (seen.has(value)) fail(`targets[${index}].${key}`, 'used once only', target[key]);
    seen.add(value);
  }
}

function badConfig(paths: Paths, what: string): HotswapError {
  return new HotswapError(
    'bad-config',
    `${paths.configFile}: ${what}`,
    'correct it by hand, or start anew with: codex-hotswap setup --force',
  );
}

function quoteValue(value: unknown): string {
  if (value === undefined) return 'missing';
  // JSON.stringify throws for a value that is nested thousands of times.
  const text = attempt(() => JSON.stringify(value) ?? typeof value) ?? 'too deep';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
