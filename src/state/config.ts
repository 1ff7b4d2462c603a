import { isAbsolute, join, normalize } from 'node:path';
import { HotswapError } from '../errors.ts';
import { readJson } from './files.ts';
import type { Paths } from './paths.ts';

/** One account the user owns, and where its only credential file lives. */
export interface Target {
  name: string;
  /** Absolute directory that holds `auth.json`. */
  vault: string;
  enabled: boolean;
  /** Percent left below which it is not chosen while another has more. */
  threshold?: number;
}

export const STRATEGIES = ['order', 'most-left', 'soonest-reset'] as const;
/** Which account a session works under, among those that may be used. */
export type Strategy = (typeof STRATEGIES)[number];

export interface Config {
  version: 1;
  /** In the order in which they are tried. */
  targets: Target[];
  /** What a resumed thread is told; '' leaves the composer idle. */
  prompt: string;
  /** Minutes an account rests when its reset time is unknown. */
  cooldownMinutes: number;
  /** What happens when no account is left: stay in Codex, or wait for the first to come back. */
  whenExhausted: 'stay' | 'wait';
  /** Seconds after a reset time at which an account that is waited for is asked whether it is back. */
  waitSlackSeconds: number;
  strategy: Strategy;
  /** Percent left in any window below which a session moves on at the end of a turn, before the limit; 0 = never. */
  rotateBelow: number;
  /** Seconds of life left below which an account's access token is refreshed. */
  refreshMarginSeconds: number;
  /** Ring the terminal's bell at a handoff, and when no account is left. */
  bell: boolean;
  /** Show a desktop notification then, where the terminal can. */
  notify: boolean;
}

export const CONFIG_DEFAULTS = {
  prompt: 'continue',
  cooldownMinutes: 240,
  whenExhausted: 'stay',
  waitSlackSeconds: 60,
  strategy: 'order',
  rotateBelow: 0,
  refreshMarginSeconds: 1800,
  bell: true,
  notify: true,
} as const;

export const MAX_COOLDOWN_MINUTES = 60 * 24 * 31;
export const MAX_WAIT_SLACK_SECONDS = 3600;
/** Codex itself refreshes in the last 300 seconds (fact 1.4), and must never get there. */
export const REFRESH_MARGIN_SECONDS = { least: 310, most: 86_400 };

/**
 * The configuration, or undefined when hotswap is not set up. Plain JSON and checks by hand: this is the hot path.
 * Left out keys take their defaults; unknown keys are left alone.
 * @throws HotswapError `bad-config` naming file, key, what was expected and what was found.
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
    throw badConfig(paths, `${key} must be ${expected}, but is ${describe(got)}`);
  };
  if (!isRecord(value)) return fail('the whole file', 'an object', value);
  const { version, targets, prompt, cooldownMinutes, whenExhausted, waitSlackSeconds, strategy } =
    value;
  if (version !== 1) fail('version', '1', version);
  if (!Array.isArray(targets)) return fail('targets', 'a list', targets);
  const checked = targets.map((target, index) =>
    validateTarget(target, `targets[${index}]`, paths, fail),
  );
  refuseTwins(checked, 'name', fail);
  refuseTwins(checked, 'vault', fail);
  return {
    version: 1,
    targets: checked,
    prompt: prompt === undefined ? CONFIG_DEFAULTS.prompt : textOf(prompt, 'prompt', fail),
    cooldownMinutes: numberOf(
      cooldownMinutes ?? CONFIG_DEFAULTS.cooldownMinutes,
      'cooldownMinutes',
      MAX_COOLDOWN_MINUTES,
      fail,
    ),
    whenExhausted: choiceOf(whenExhausted ?? CONFIG_DEFAULTS.whenExhausted, fail),
    waitSlackSeconds: numberOf(
      waitSlackSeconds ?? CONFIG_DEFAULTS.waitSlackSeconds,
      'waitSlackSeconds',
      MAX_WAIT_SLACK_SECONDS,
      fail,
    ),
    strategy: strategyOf(strategy ?? CONFIG_DEFAULTS.strategy, fail),
    rotateBelow: percentOf(value.rotateBelow ?? CONFIG_DEFAULTS.rotateBelow, 'rotateBelow', fail),
    refreshMarginSeconds: numberOf(
      value.refreshMarginSeconds ?? CONFIG_DEFAULTS.refreshMarginSeconds,
      'refreshMarginSeconds',
      REFRESH_MARGIN_SECONDS.most,
      fail,
      REFRESH_MARGIN_SECONDS.least,
    ),
    bell: switchOf(value.bell ?? CONFIG_DEFAULTS.bell, 'bell', fail),
    notify: switchOf(value.notify ?? CONFIG_DEFAULTS.notify, 'notify', fail),
  };
}

/** A target's name becomes part of file names: letters, digits, dot, underscore, hyphen, 1 to 64, not only dots. */
export function isTargetName(name: unknown): name is string {
  return typeof name === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(name) && !/^\.+$/.test(name);
}

/** Where a target's vault lies unless the configuration says otherwise. */
export function defaultVault(paths: Paths, name: string): string {
  return join(paths.home, `.codex-${name}`);
}

type Fail = (key: string, expected: string, got: unknown) => never;

function validateTarget(value: unknown, key: string, paths: Paths, fail: Fail): Target {
  if (!isRecord(value)) return fail(key, 'an object', value);
  const { name, vault, enabled, threshold } = value;
  if (!isTargetName(name)) {
    return fail(`${key}.name`, '1 to 64 letters, digits, ".", "_" or "-", not only dots', name);
  }
  return {
    name,
    vault: vault === undefined ? defaultVault(paths, name) : vaultOf(vault, key, paths, fail),
    enabled: switchOf(enabled ?? true, `${key}.enabled`, fail),
    ...(threshold === undefined
      ? {}
      : { threshold: percentOf(threshold, `${key}.threshold`, fail) }),
  };
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
    // The default file systems of macOS do not tell case apart.
    const value = target[key].toLowerCase();
    if (seen.has(value)) fail(`targets[${index}].${key}`, 'used once only', target[key]);
    seen.add(value);
  }
}

function textOf(value: unknown, key: string, fail: Fail): string {
  return typeof value === 'string' && !value.includes('\0') ? value : fail(key, 'a text', value);
}

function switchOf(value: unknown, key: string, fail: Fail): boolean {
  return typeof value === 'boolean' ? value : fail(key, 'true or false', value);
}

function numberOf(value: unknown, key: string, maximum: number, fail: Fail, minimum = 0): number {
  const fits = typeof value === 'number' && value >= minimum && value <= maximum;
  return fits ? value : fail(key, `a number from ${minimum} to ${maximum}`, value);
}

function choiceOf(value: unknown, fail: Fail): Config['whenExhausted'] {
  return value === 'stay' || value === 'wait'
    ? value
    : fail('whenExhausted', '"stay" or "wait"', value);
}

function strategyOf(value: unknown, fail: Fail): Strategy {
  const known = STRATEGIES.find((strategy) => strategy === value);
  return known ?? fail('strategy', STRATEGIES.map((name) => `"${name}"`).join(' or '), value);
}

function percentOf(value: unknown, key: string, fail: Fail): number {
  const fits = typeof value === 'number' && value >= 0 && value <= 100;
  return fits ? value : fail(key, 'a percentage from 0 to 100', value);
}

function badConfig(paths: Paths, what: string): HotswapError {
  return new HotswapError(
    'bad-config',
    `${paths.configFile}: ${what}`,
    'correct it by hand, or start anew with: codex-hotswap setup --force',
  );
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = quote(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function quote(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return 'too deep'; // nested thousands of times
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
