import { readObject } from './json.ts';
import { loadTomlParser } from './toml.ts';

/** The settings about the environment of the model's shell. */
export interface ShellPolicySources {
  /** Every configuration file that Codex may read, profiles included. */
  texts: readonly string[];
  /** The user's values of `-c`. */
  overrides: readonly string[];
}

/**
 * Whether the user's settings decide CODEX_HOME in the model's shell: by `-c`, which outranks ours, or by a
 * `shell_environment_policy` that sets or excludes it. Codex merges every other such table with ours key by key (fact
 * 45). Our `-c` sets the variable and excludes nothing, because a list would replace the user's list.
 */
export async function decidesShellHome({ texts, overrides }: ShellPolicySources): Promise<boolean> {
  if (overrides.some((word) => word.includes(POLICY))) return true;
  const mentioning = texts.filter((text) => text.includes(POLICY));
  if (mentioning.length === 0) return false;
  const parse = await loadTomlParser();
  return mentioning.some((text) => {
    try {
      return listPolicies(parse(text)).some(decidesHome);
    } catch {
      return true; // Codex reports the error in the file
    }
  });
}

const POLICY = 'shell_environment_policy';
const VARIABLE = 'CODEX_HOME';

type Table = Record<string, unknown>;

/** The policy of the file and those of its profiles. */
function listPolicies(config: Table): Table[] {
  return [config, ...Object.values(readObject(config.profiles) ?? {})].flatMap((table) => {
    const policy = readObject(table)?.[POLICY];
    return policy === undefined ? [] : [readObject(policy) ?? {}];
  });
}

/** `include_only` does not matter: Codex applies `set` after it. */
function decidesHome({ inherit, exclude, set }: Table): boolean {
  return (
    (inherit !== undefined && inherit !== 'all') ||
    Object.hasOwn(readObject(set) ?? {}, VARIABLE) ||
    (Array.isArray(exclude) && exclude.some((pattern) => mayMatch(String(pattern))))
  );
}

/** `*` and `?` as in file names, in upper or lower case. A pattern with another special character counts as a match. */
function mayMatch(pattern: string): boolean {
  if (/[^\w*?]/.test(pattern)) return true;
  const parts = pattern.replace(/\*+/g, '*').replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${parts}$`, 'i').test(VARIABLE);
}
