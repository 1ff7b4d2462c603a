import { type Allowance, allowanceOf, narrow, tellAllowsOnly } from '../accounts/allowance.ts';
import { HotswapError } from '../errors.ts';
import { toShellWord } from '../shell-word.ts';
import type { Config } from '../state/config.ts';
import type { Paths } from '../state/paths.ts';
import { findRules, shortenPath } from '../state/rules.ts';

/** The home of the user, for `~`, and the file that a message about a rule names. */
export type RulePlace = Pick<Paths, 'home' | 'configFile'>;

/** What narrows the accounts of a launch besides the rules. */
export interface Wishes {
  env: NodeJS.ProcessEnv;
  /** The accounts of `--only`. */
  among?: readonly string[] | undefined;
}

/** The variable that names the accounts of one command. */
export const ACCOUNTS_VARIABLE = 'CODEX_HOTSWAP_TARGET';
const ONLY = '--only';

/**
 * The accounts that a session in a directory may use. The rule of the directory, the variable and `--only` each narrow them,
 * and none of them adds an account.
 * @param directory the working directory of Codex.
 * @returns undefined when all accounts are allowed.
 * @throws HotswapError `bad-rule` when the rule names an unknown account; `not-allowed` when the variable or `--only` does, or
 * names an account that is not allowed without it.
 */
export function readAllowance(
  { env, among }: Wishes,
  config: Config,
  directory: string,
  place: RulePlace,
): Allowance | undefined {
  const byRule = readRule(config, directory, place);
  const byVariable = narrowTo(byRule, readVariable(env), ACCOUNTS_VARIABLE, config);
  return narrowTo(byVariable, among, ONLY, config);
}

/**
 * What the rule of a directory allows, if there is one.
 * @throws HotswapError `bad-rule` when it names an unknown account, and when two rules are for one directory.
 */
export function readRule(
  config: Config,
  directory: string,
  place: RulePlace,
): Allowance | undefined {
  const [rule, twin] = findRules(config.rules, directory);
  if (rule === undefined) return undefined;
  if (twin !== undefined) {
    const names = [rule, twin].map(({ path }) => shortenPath(path, place.home)).join(' and ');
    throw new HotswapError(
      'bad-rule',
      `the rules for ${names} are for one directory (${place.configFile})`,
      `keep one of them: codex-hotswap rule remove ${toShellWord(twin.path)}`,
    );
  }
  const [unknown] = listUnknown(rule.targets, config);
  if (unknown === undefined) return allowanceOf(rule, place.home);
  throw new HotswapError(
    'bad-rule',
    `the rule for ${shortenPath(rule.path, place.home)} names ${unknown}, which is none of your accounts (${place.configFile})`,
    `${tellNames(config)}; correct the file, or run: codex-hotswap rule remove ${toShellWord(rule.path)}`,
  );
}

/** What the rules of a directory allow, for a session that runs: nothing about them is an error any more. */
export function allowanceIn({ rules }: Config, directory: string, home: string) {
  const found = findRules(rules, directory).map((rule) => allowanceOf(rule, home));
  return found.reduce<Allowance | undefined>(narrow, undefined);
}

/**
 * Refuses an account that is not allowed.
 * @param naming what names the account, for the user: `--only names home`.
 * @throws HotswapError `not-allowed`.
 */
export function requireAllowed(
  allowance: Allowance | undefined,
  name: string,
  naming: string,
): void {
  if (allowance === undefined || allowance.targets.includes(name)) return;
  throw new HotswapError(
    'not-allowed',
    `${naming}, but ${tellAllowsOnly(allowance)}`,
    adviseOn(allowance),
  );
}

/** The way out for who is refused, by what refuses. */
function adviseOn({ by }: Allowance): string {
  const others = [ACCOUNTS_VARIABLE, ONLY];
  if (by.some((one) => !others.includes(one))) return 'for the rules: codex-hotswap rule list';
  return `name an account that ${by.length > 1 ? 'both allow' : 'it allows'}, or leave ${by.join(' and ')} out`;
}

/** The accounts of the variable; undefined when it is not set, or empty. */
export function readVariable(env: NodeJS.ProcessEnv): string[] | undefined {
  const text = env[ACCOUNTS_VARIABLE]?.trim();
  return text ? splitNames(text) : undefined;
}

/** `a, b,a` → a and b. */
function splitNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ''))];
}

/** @param source what has the names: the variable, or the option. */
function narrowTo(
  allowance: Allowance | undefined,
  names: readonly string[] | undefined,
  source: string,
  config: Config,
): Allowance | undefined {
  if (names === undefined) return allowance;
  const [unknown] = listUnknown(names, config);
  if (unknown !== undefined || names.length === 0) {
    const what = unknown === undefined ? 'no account' : JSON.stringify(unknown);
    const why = unknown === undefined ? '' : ', which is none of your accounts';
    throw new HotswapError('not-allowed', `${source} names ${what}${why}`, tellNames(config));
  }
  for (const name of names) requireAllowed(allowance, name, `${source} names ${name}`);
  return narrow(allowance, { targets: names, by: [source] });
}

function listUnknown(names: readonly string[], { targets }: Config): string[] {
  return names.filter((name) => targets.every((known) => known.name !== name));
}

function tellNames({ targets }: Config): string {
  return `you have: ${targets.map(({ name }) => name).join(', ') || 'no account yet'}`;
}
