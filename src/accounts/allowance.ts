import type { Config } from '../state/config.ts';
import { type Rule, shortenPath } from '../state/rules.ts';

/** The only accounts that a session may use. */
export interface Allowance {
  /** In the order in which they are tried. It may be empty when two rules have no account in common. */
  targets: readonly string[];
  /** What allows them, for the user: `the rule for ~/src/acme`, `CODEX_HOTSWAP_TARGET`. Not empty. */
  by: readonly string[];
}

export function allowanceOf({ path, targets }: Rule, home: string): Allowance {
  return { targets, by: [`the rule for ${shortenPath(path, home)}`] };
}

/** What both allow, in the order of the second. Pure. */
export function narrow(
  first: Allowance | undefined,
  second: Allowance | undefined,
): Allowance | undefined {
  if (first === undefined || second === undefined) return second ?? first;
  return {
    targets: second.targets.filter((name) => first.targets.includes(name)),
    by: [...new Set([...first.by, ...second.by])],
  };
}

/**
 * The list with the allowed accounts first, in their order. The others are switched off and not left out: their marks still
 * tell about an account or a workspace that they share with an allowed one. Pure.
 */
export function orderAllowed<T>(
  list: readonly T[],
  allowance: Allowance | undefined,
  { nameOf, switchOff }: { nameOf(one: T): string; switchOff(one: T): T },
): readonly T[] {
  if (allowance === undefined) return list;
  const { targets } = allowance;
  const isAllowed = (one: T) => targets.includes(nameOf(one));
  const rankOf = (one: T) => targets.indexOf(nameOf(one));
  return [
    ...list.filter(isAllowed).toSorted((a, b) => rankOf(a) - rankOf(b)),
    ...list.filter((one) => !isAllowed(one)).map(switchOff),
  ];
}

/** The configuration of a session that may use these accounts only. Pure. */
export function restrictConfig(config: Config, allowance: Allowance | undefined): Config {
  const targets = orderAllowed(config.targets, allowance, {
    nameOf: ({ name }) => name,
    switchOff: (target) => ({ ...target, enabled: false }),
  });
  return { ...config, targets: [...targets] };
}

/** “the rule for ~/src/acme allows”, for a sentence. */
export function tellAllows({ by }: Pick<Allowance, 'by'>): string {
  return `${by.join(' and ')} ${by.length > 1 ? 'allow' : 'allows'}`;
}

/** “the rule for ~/src/acme allows only work, team”. */
export function tellAllowsOnly(allowance: Allowance): string {
  const names = allowance.targets.join(', ');
  const what = names === '' ? 'no account in common' : `only ${names}`;
  return `${tellAllows(allowance)} ${what}`;
}

/** “rule for ~/src/acme”, for brackets. */
export function nameAllowance({ by }: Pick<Allowance, 'by'>): string {
  return by.map((words) => words.replace(/^the /, '')).join(' and ');
}

/** What is told of the allowed accounts. The others are out of the question, so nothing is told of them. Pure. */
export function ofAllowed<T extends { target: string }>(
  list: readonly T[],
  allowance: Allowance | undefined,
): T[] {
  return list.filter(({ target }) => allowance?.targets.includes(target) ?? true);
}
