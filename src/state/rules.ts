import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { attempt } from './attempt.ts';
import { isTargetName } from './target-name.ts';

/** The accounts that sessions in a directory may use. */
export interface Rule {
  /** Absolute, as the user names it: with its links. It may not exist. */
  path: string;
  /** In the order in which they are tried; never empty. A name may be unknown. */
  targets: string[];
}

/** Reports a wrong value of config.json: the key, the expected value, and the value found. */
export type Fail = (key: string, expected: string, got: unknown) => never;

/**
 * Checks the value of `rules`. A rule may name a target that does not exist: commands must be able to show such a rule, and a
 * launch refuses it.
 */
export function validateRules(value: unknown, home: string, fail: Fail): Rule[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return fail('rules', 'a list', value);
  const rules = value.map((rule, index) => validateRule(rule, `rules[${index}]`, home, fail));
  for (const [index, { path }] of rules.entries()) {
    const isTwin = rules.slice(0, index).some((other) => other.path === path);
    if (isTwin) fail(`rules[${index}].path`, 'used once only', path);
  }
  return rules;
}

function validateRule(value: unknown, key: string, home: string, fail: Fail): Rule {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fail(key, 'an object', value);
  }
  const { path, targets } = value as Record<string, unknown>;
  const directory = readRulePath(path, home);
  if (directory === undefined) return fail(`${key}.path`, 'an absolute path', path);
  if (!Array.isArray(targets)) return fail(`${key}.targets`, 'a list of accounts', targets);
  if (targets.length === 0) return fail(`${key}.targets`, 'one account at least', targets);
  for (const [index, name] of targets.entries()) {
    if (!isTargetName(name)) fail(`${key}.targets[${index}]`, 'the name of an account', name);
    if (targets.indexOf(name) < index) fail(`${key}.targets[${index}]`, 'used once only', name);
  }
  return { path: directory, targets: [...targets] };
}

/** The absolute path without `..` and without a slash at its end; undefined for what is no such path. */
function readRulePath(value: unknown, home: string): string | undefined {
  if (typeof value !== 'string' || value.includes('\0')) return undefined;
  const path = value === '~' || value.startsWith('~/') ? join(home, value.slice(1)) : value;
  return isAbsolute(path) ? normalize(path).replace(/(.)\/+$/, '$1') : undefined;
}

/**
 * The rule that holds in a directory: the one with the longest path that the directory is, or lies below. Links are resolved
 * on both sides. Without rules it touches no file.
 * @param directory absolute. It may not exist.
 * @returns several rules when their paths lead to one directory. Then the user must remove all but one.
 */
export function findRules(rules: readonly Rule[], directory: string): Rule[] {
  if (rules.length === 0) return [];
  const real = resolveLinks(directory);
  const around = rules
    .map((rule) => ({ rule, path: resolveLinks(rule.path) }))
    .filter(({ path }) => isWithin(real, path));
  const longest = Math.max(...around.map(({ path }) => path.length));
  return around.filter(({ path }) => path.length === longest).map(({ rule }) => rule);
}

/** Whether a directory is another one, or lies below it. Both are absolute, with their links resolved. Pure. */
export function isWithin(directory: string, parent: string): boolean {
  return directory === parent || directory.startsWith(parent === '/' ? '/' : `${parent}/`);
}

/** The path with its links resolved. Of a path that does not exist, the part that exists is resolved. */
export function resolveLinks(path: string): string {
  const real = attempt(() => realpathSync(path));
  if (real !== undefined) return real;
  const parent = dirname(path);
  return parent === path ? path : join(resolveLinks(parent), basename(path));
}

/** A path as the user writes it: `~/src/acme`. */
export function shortenPath(path: string, home: string): string {
  if (path === home) return '~';
  return home !== '/' && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
