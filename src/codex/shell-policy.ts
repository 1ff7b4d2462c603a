import { loadTomlParser } from './toml.ts';

/** What Codex is told about the environment of the model's shell. */
export interface ShellPolicySources {
  /** Every configuration file that Codex may read, profiles included. */
  texts: readonly string[];
  /** The user's own words of `-c`. */
  overrides: readonly string[];
}

/**
 * Whether the user has decided what CODEX_HOME is in the model's shell: by `-c`, which outranks ours, or by a
 * `shell_environment_policy` that sets it or keeps it out. Another table of theirs is merged with ours key by key, so that
 * what it sets stays (fact 45; a list would take the place of theirs, so `exclude` is no way for us).
 */
export async function decidesShellHome({ texts, overrides }: ShellPolicySources): Promise<boolean> {
  if (overrides.some((word) => word.includes(POLICY))) return true;
  const mentioning = texts.filter((text) => text.includes(POLICY));
  if (mentioning.length === 0) return false;
  const parse = await loadTomlParser();
  return mentioning.some((text) => {
    try {
      return listPolicies(parse(text)).some(decides);
    } catch {
      return true; // Codex itself says what is wrong with it
    }
  });
}

const POLICY = 'shell_environment_policy';
const VARIABLE = 'CODEX_HOME';

type Table = Record<string, unknown>;

/** That of the file and those of its profiles. */
function listPolicies(config: Table): Table[] {
  const tables = [config, ...Object.values(asTable(config.profiles)).map(asTable)];
  return tables
    .filter((table) => table[POLICY] !== undefined)
    .map((table) => asTable(table[POLICY]));
}

function decides({ inherit, exclude, set }: Table): boolean {
  // A list of what is let in (`include_only`) is looked at after what is set: it needs no care.
  return (
    (inherit !== undefined && inherit !== 'all') ||
    Object.keys(asTable(set)).includes(VARIABLE) ||
    (Array.isArray(exclude) && exclude.some((pattern) => mayMatch(String(pattern))))
  );
}

/** `*` and `?` as in names of files, in any case; of other signs the worst is thought. */
function mayMatch(pattern: string): boolean {
  if (/[^\w*?]/.test(pattern)) return true;
  const parts = pattern.replace(/\*+/g, '*').replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${parts}$`, 'i').test(VARIABLE);
}

function asTable(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Table)
    : {};
}
