import { type Arity, OPTIONS, type OptionSpec } from './grammar.ts';
import { parseHelpOptions } from './help-text.ts';
import { dropUndefined, readObject, readString } from './json.ts';

/** What one Codex binary can do. The binary itself is asked; version numbers are never compared. */
export interface Capabilities {
  /** It knows `--no-daemon`. On an older Codex the option would be a usage error (fact 98). */
  noDaemon: boolean;
  /** Every feature, and whether it is on in an empty home. Empty when the binary cannot list features. */
  features: Record<string, boolean>;
  /** Options of `codex` that our tables do not have. */
  learnedOptions: OptionSpec[];
  /** For people only. Undefined when the binary does not tell it. */
  version?: string;
}

/**
 * Runs the binary with these arguments and resolves with its standard output; rejects when the binary fails. The home must be
 * empty: `features list` refreshes a login that it finds (fact 20), and shows the user's own settings.
 */
export type RunCodex = (args: readonly string[]) => Promise<string>;

/** Asks a binary what it can do. Rejects only when `--help` fails. */
export async function probeCapabilities(run: RunCodex): Promise<Capabilities> {
  const [help, features, version] = await Promise.all([
    run(['--help']),
    run(['features', 'list']).catch(() => ''), // unknown to old versions
    run(['--version']).catch(() => ''),
  ]);
  const options = parseHelpOptions(help);
  return {
    noDaemon: options.some(({ name }) => name === 'no-daemon'),
    features: parseFeatures(features),
    learnedOptions: options.filter(({ name }) => !KNOWN_OPTIONS.has(name)),
    ...dropUndefined({ version: parseVersion(version) }),
  };
}

/** Reads a cache entry; undefined when it has another form. */
export function readCapabilities(value: unknown): Capabilities | undefined {
  const found = readObject(value);
  const features = readObject(found?.features);
  if (typeof found?.noDaemon !== 'boolean' || features === undefined) return undefined;
  const options = Array.isArray(found.learnedOptions) ? found.learnedOptions.map(readOption) : [];
  if (!options.every((option) => option !== undefined)) return undefined;
  if (!Object.values(features).every((on) => typeof on === 'boolean')) return undefined;
  return {
    noDaemon: found.noDaemon,
    features: features as Record<string, boolean>,
    learnedOptions: options,
    ...dropUndefined({ version: parseVersion(readString(found.version) ?? '') }),
  };
}

function readOption(value: unknown): OptionSpec | undefined {
  const { name, short, arity } = readObject(value) ?? {};
  const known = ARITIES.find((candidate) => candidate === arity);
  if (typeof name !== 'string' || known === undefined) return undefined;
  return { name, arity: known, ...dropUndefined({ short: readString(short) }) };
}

/** The name of a binary's cache entry. Another path, size or time of change means another binary. */
export function nameCacheEntry(binary: { path: string; size: number; mtimeMs: number }): string {
  const stamp = `${CACHE_FORMAT}\0${binary.path}\0${binary.size}\0${binary.mtimeMs}`;
  return [0, 1, 2].map((seed) => hash32(stamp, seed).toString(16).padStart(8, '0')).join('');
}

/** FNV-1a. node:crypto would take 4 ms to load before the first frame, and this name needs no protection. */
function hash32(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ (seed * 0x9e3779b1);
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** Each line of `codex features list` has a name, a stage (one or two words), and `true` or `false`. */
export function parseFeatures(list: string): Record<string, boolean> {
  const features: Record<string, boolean> = {};
  for (const line of list.split('\n')) {
    const match = /^(\w+)\s{2,}\S.*\s(true|false)\s*$/.exec(line);
    if (match !== null) features[match[1] as string] = match[2] === 'true';
  }
  return features;
}

/** `codex-cli 0.171.0` → `0.171.0`. Nothing compares it. */
function parseVersion(text: string): string | undefined {
  return /\d{1,9}\.\d{1,9}\.\d{1,9}[\w.+-]{0,40}/.exec(text)?.[0];
}

const ARITIES: readonly Arity[] = ['none', 'one', 'many'];

/** Goes up when `Capabilities` changes, so that old cache entries are not found. */
const CACHE_FORMAT = 2;
const KNOWN_OPTIONS = new Set(OPTIONS.codex.map(({ name }) => name));
