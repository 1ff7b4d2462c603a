import { realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadTomlParser, quoteToml } from '../codex/toml.ts';
import { readRegularFile } from '../regular-file.ts';
import { replaceFile } from '../state/files.ts';
import { renameHookKeys } from './hook-keys.ts';
import type { Slot } from './slot.ts';

type Homes = Pick<Slot, 'home' | 'sharedHome'>;

/**
 * The value for `-c hooks.state=…` that makes Codex trust in the slot what the user trusted in the shared home: the trust
 * is keyed by the path of the file that holds the hook (fact 33). Codex merges it, field by field, into what the file
 * says, and it outranks the file: so a hook that was answered for under the slot's own key is left out.
 * Undefined when there is nothing to carry over. Ask again before every child start, after {@link foldHookTrust}.
 */
export async function hookTrustOverride(slot: Homes): Promise<string | undefined> {
  const text = readConfigText(slot.sharedHome);
  if (text === undefined || !mentionsHookTrust(text)) return undefined;
  const state = await readHookState(text);
  const entries = Object.entries(state).flatMap(([key, value]) => {
    const tail = tailUnder(key, namesOf(slot.sharedHome));
    if (tail === undefined || slot.home + tail in state) return [];
    return [`${quoteToml(slot.home + tail)}=${inlineToml(value)}`];
  });
  return entries.length === 0 ? undefined : `{${entries.join(',')}}`;
}

/**
 * Moves what the user answered about hooks inside the session to the keys of the shared home, in the shared config.toml
 * (a link there is followed, not replaced); the rest of the file stays byte for byte.
 * @returns the hooks concerned, `config.toml:session_start:0:0`; none when the result could not be read back.
 */
export async function foldHookTrust(slot: Homes): Promise<string[]> {
  const before = readConfigText(slot.sharedHome);
  if (before === undefined || !before.includes(slot.home) || !mentionsHookTrust(before)) return [];
  const parse = await loadTomlParser();
  // Read again. Nothing is awaited from here to the rename, so another writer has hardly a moment.
  const folded = renameHookKeys(readConfigText(slot.sharedHome) ?? '', slot.home, slot.sharedHome);
  if (folded.hooks.length === 0 || !parses(folded.text, parse)) return [];
  const target = realpathSync.native(join(slot.sharedHome, 'config.toml'));
  replaceFile(target, folded.text, { mode: statSync(target).mode & 0o777 });
  return folded.hooks;
}

function readConfigText(home: string): string | undefined {
  try {
    return readRegularFile(join(home, 'config.toml')).toString('utf8');
  } catch {
    return undefined;
  }
}

// Most homes trust no hook, and a TOML parser costs milliseconds.
function mentionsHookTrust(text: string): boolean {
  return text.includes('trusted_hash') || text.includes('hooks.state');
}

function parses(text: string, parse: (text: string) => unknown): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

async function readHookState(text: string): Promise<Record<string, unknown>> {
  const parse = await loadTomlParser();
  try {
    const config = parse(text) as { hooks?: { state?: unknown } };
    const state = config.hooks?.state;
    return typeof state === 'object' && state !== null ? (state as Record<string, unknown>) : {};
  } catch {
    return {}; // Codex itself will tell the user that the file is broken
  }
}

// Codex makes a CODEX_HOME from the environment canonical, but not the default ~/.codex.
function namesOf(sharedHome: string): string[] {
  try {
    return [...new Set([sharedHome, realpathSync.native(sharedHome)])];
  } catch {
    return [sharedHome];
  }
}

function tailUnder(key: string, homes: string[]): string | undefined {
  const home = homes.find((candidate) => key.startsWith(`${candidate}/`));
  return home === undefined ? undefined : key.slice(home.length);
}

function inlineToml(value: unknown): string {
  if (typeof value === 'string') return quoteToml(value);
  if (Array.isArray(value)) return `[${value.map(inlineToml).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, inner]) => `${quoteToml(key)}=${inlineToml(inner)}`,
    );
    return `{${members.join(',')}}`;
  }
  return String(value);
}
