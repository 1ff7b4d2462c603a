import { type Arity, OPTIONS, type OptionSpec } from './grammar.ts';
import { parseHelpOptions } from './help-text.ts';
import { defined, record } from './json.ts';

/** What one Codex binary can do, asked of the binary itself: versions are never compared. */
export interface Capabilities {
  /** `--no-daemon` is known; without it an unknown flag would be a usage error (fact 98). */
  noDaemon: boolean;
  /** Every feature it names, and whether it is on in an empty home. Empty when it cannot list them. */
  features: Record<string, boolean>;
  /** Options of `codex` itself that are not in our tables, so that their values are not taken for prompts. */
  learnedOptions: OptionSpec[];
}

/**
 * Runs the binary with these words, in a home of its own: `features list` refreshes a login that it finds (fact 20), and
 * tells of the features that the user has switched. Resolves with its standard output, rejects when it cannot or fails.
 */
export type RunCodex = (args: readonly string[]) => Promise<string>;

/** Asks a binary what it can do. Rejects only when not even `--help` works. */
export async function probeCapabilities(run: RunCodex): Promise<Capabilities> {
  const [help, features] = await Promise.all([
    run(['--help']),
    // Old versions have no such command.
    run(['features', 'list']).catch(() => ''),
  ]);
  const options = parseHelpOptions(help);
  return {
    noDaemon: options.some(({ name }) => name === 'no-daemon'),
    features: parseFeatures(features),
    learnedOptions: options.filter(({ name }) => !KNOWN.has(name)),
  };
}

/** Reads what was kept of an answer; undefined when it has another form. */
export function readCapabilities(value: unknown): Capabilities | undefined {
  const found = record(value);
  const features = record(found?.features);
  if (typeof found?.noDaemon !== 'boolean' || features === undefined) return undefined;
  const options = Array.isArray(found.learnedOptions) ? found.learnedOptions.map(readOption) : [];
  if (!options.every((option) => option !== undefined)) return undefined;
  if (!Object.values(features).every((on) => typeof on === 'boolean')) return undefined;
  return {
    noDaemon: found.noDaemon,
    features: features as Record<string, boolean>,
    learnedOptions: options,
  };
}

function readOption(value: unknown): OptionSpec | undefined {
  const { name, short, arity } = record(value) ?? {};
  const known = ARITIES.find((candidate) => candidate === arity);
  if (typeof name !== 'string' || known === undefined) return undefined;
  return {
    name,
    arity: known,
    ...defined({ short: typeof short === 'string' ? short : undefined }),
  };
}

/** Names the cache entry of one binary: another path, size or time of change is another binary. */
export function capabilityKey({ path, size, mtimeMs }: BinaryStamp): string {
  const stamp = `${FORMAT}\0${path}\0${size}\0${mtimeMs}`;
  return [0, 1, 2].map((seed) => hash32(stamp, seed).toString(16).padStart(8, '0')).join('');
}

/** FNV-1a. Not node:crypto, which takes 4 ms to load on the way to the first frame: nobody forges these names. */
function hash32(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ (seed * 0x9e3779b1);
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

export interface BinaryStamp {
  path: string;
  size: number;
  mtimeMs: number;
}

/** The lines of `codex features list`: a name, its stage (which may be two words), and `true` or `false`. */
export function parseFeatures(list: string): Record<string, boolean> {
  const features: Record<string, boolean> = {};
  for (const line of list.split('\n')) {
    const match = /^(\w+)\s{2,}\S.*\s(true|false)\s*$/.exec(line);
    if (match !== null) features[match[1] as string] = match[2] === 'true';
  }
  return features;
}

const ARITIES: readonly Arity[] = ['none', 'one', 'many'];

// Goes up when `Capabilities` changes, so that an older cache entry is not found. 1 had what the user had switched.
const FORMAT = 2;
const KNOWN = new Set(OPTIONS.codex.map(({ name }) => name));
