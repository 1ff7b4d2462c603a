import { statSync } from 'node:fs';
import { tellAllowsOnly } from '../../accounts/allowance.ts';
import { HotswapError } from '../../errors.ts';
import { readAllowance, readRule } from '../../launch/launch-allowance.ts';
import { attempt } from '../../state/attempt.ts';
import type { Config } from '../../state/config.ts';
import { findRules, type Rule, resolveLinks, shortenPath } from '../../state/rules.ts';
import type { Context } from '../context.ts';

/** One rule as `rule list --json` and `status --json` show it; keys are only ever added. */
export interface RuleReport {
  path: string;
  targets: string[];
  /** Whether a directory is there. */
  exists: boolean;
  /** The targets that do not exist. No session starts below the path until they are gone from the rule. */
  unknown: string[];
  /** It holds in the working directory. */
  here: boolean;
}

export function reportRules({ rules, targets }: Config): RuleReport[] {
  const directory = attempt(() => process.cwd());
  const here = directory === undefined ? [] : findRules(rules, directory);
  return rules.map((rule) => ({
    ...rule,
    exists: attempt(() => statSync(rule.path).isDirectory()) ?? false,
    unknown: rule.targets.filter((name) => targets.every((known) => known.name !== name)),
    here: here.includes(rule),
  }));
}

/** Which accounts a session in the working directory may use, in one line; undefined when it may use all. */
export function tellHere(context: Context, config: Config): string | undefined {
  try {
    const allowance = readAllowance(context, config, process.cwd(), context.paths);
    return allowance && `in this directory ${tellAllowsOnly(allowance)}`;
  } catch (error) {
    if (!(error instanceof HotswapError)) return undefined; // the working directory was deleted
    return `in this directory no session starts: ${error.message}; ${error.advice}`;
  }
}

/** The faults of rules, each in a line with the way out. */
export function listRuleFaults(
  { paths }: Context,
  config: Config,
  reports: RuleReport[],
): string[] {
  const faults = reports.flatMap(({ path }) => {
    try {
      readRule(config, resolveLinks(path), paths);
      return [];
    } catch (error) {
      return error instanceof HotswapError ? [`${error.message}; ${error.advice}`] : [];
    }
  });
  return [...new Set(faults)];
}

/** “~/src/acme: work, team”. */
export function describeRule({ path, targets }: Rule, { paths }: Context): string {
  return `${shortenPath(path, paths.home)}: ${targets.join(', ')}`;
}

/**
 * What a session in the working directory may use, for a user who has read with which account a new session starts.
 * @returns undefined when a session here starts with that account, too.
 */
export function tellUseHere(context: Context, config: Config, start: string): string | undefined {
  const allowance = attempt(() => readAllowance(context, config, process.cwd(), context.paths));
  return allowance?.targets[0] === start ? undefined : tellHere(context, config);
}
