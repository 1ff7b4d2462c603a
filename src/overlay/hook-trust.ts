import { realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readObject } from '../codex/json.ts';
import { loadTomlParser, quoteToml } from '../codex/toml.ts';
import { readTextQuietly } from '../regular-file.ts';
import { attempt } from '../state/attempt.ts';
import { replaceFile } from '../state/files.ts';
import { renameHookKeys } from './hook-keys.ts';
import type { Slot } from './slot.ts';

type Homes = Pick<Slot, 'home' | 'sharedHome'>;

/**
 * The value for `-c hooks.state=…`, which makes Codex trust in the slot the hooks that the user trusts in the shared home.
 * Codex stores the trust by the path of the hook's file (fact 33). The value outranks config.toml, field by field, so a hook
 * that has a key of the slot already is left out. Call it before every child, after {@link foldHookTrust}.
 * @returns undefined when there is no such hook.
 */
export async function hookTrustOverride(slot: Homes): Promise<string | undefined> {
  const text = readConfigText(slot.sharedHome);
  if (!mentionsHookTrust(text)) return undefined;
  const parse = await loadTomlParser();
  // Codex itself reports an error in the file.
  const hooks = readObject(attempt(() => parse(text))?.hooks);
  const state = readObject(hooks?.state) ?? {};
  const entries = Object.entries(state).flatMap(([key, value]) => {
    const tail = tailUnder(key, namesOf(slot.sharedHome));
    if (tail === undefined || slot.home + tail in state) return [];
    return [`${quoteToml(slot.home + tail)}=${inlineToml(value)}`];
  });
  return entries.length === 0 ? undefined : `{${entries.join(',')}}`;
}

/**
 * Changes the keys of the slot in the shared config.toml to keys of the shared home: the user's answers in a session about
 * hooks. All other bytes of the file stay. A link there is followed, not replaced.
 * @returns the hooks, such as `config.toml:session_start:0:0`; none when the new text is no TOML.
 */
export async function foldHookTrust(slot: Homes): Promise<string[]> {
  const before = readConfigText(slot.sharedHome);
  if (!before.includes(slot.home) || !mentionsHookTrust(before)) return [];
  const parse = await loadTomlParser();
  // Reads again, and awaits nothing until the rename, so that another writer has almost no time between.
  const folded = renameHookKeys(readConfigText(slot.sharedHome), slot.home, slot.sharedHome);
  if (folded.hooks.length === 0 || attempt(() => parse(folded.text)) === undefined) return [];
  const target = realpathSync.native(join(slot.sharedHome, 'config.toml'));
  replaceFile(target, folded.text, { mode: statSync(target).mode & 0o777 });
  return folded.hooks;
}

function readConfigText(home: string): string {
  return readTextQuietly(join(home, 'config.toml'));
}

// Most homes trust no hook, and the TOML parser takes milliseconds to load.
function mentionsHookTrust(text: string): boolean {
  return text.includes('trusted_hash') || text.includes('hooks.state');
}

// Codex makes a CODEX_HOME from the environment canonical, but not the default ~/.codex.
function namesOf(sharedHome: string): string[] {
  const canonical = attempt(() => realpathSync.native(sharedHome)) ?? sharedHome;
  return [...new Set([sharedHome, canonical])];
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
