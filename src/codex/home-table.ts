/**
 * What becomes of an entry of CODEX_HOME in an overlay (fact 28):
 * - `link`: a symlink to the shared home; the default, also for what a future Codex adds.
 * - `vault`: a symlink to the account's one credential file.
 * - `hardlink`: Codex opens it with O_NOFOLLOW, so a symlink would be refused.
 * - `private`: the overlay's own, made by Codex, not shared and not adopted.
 * - `never`: must not appear in an overlay at all: it leads to another account's daemon or is kept elsewhere.
 */
export type EntryPolicy = 'link' | 'vault' | 'hardlink' | 'private' | 'never';

/** The policy of a top-level entry of CODEX_HOME. */
export function policyOf(name: string, platform: NodeJS.Platform = process.platform): EntryPolicy {
  const listed = TABLE.get(name);
  if (listed !== undefined) return listed;
  // Databases are reached through CODEX_SQLITE_HOME; a link would part the file from its -wal and -shm.
  if (/\.sqlite(-wal|-shm|-journal)?$/.test(name)) return 'never';
  // Codex's half-written files: `.auth-XXXX` (fact 12), `.tmpXXXXXX` of config edits (fact 34).
  if (/^\.(auth-|tmp[A-Za-z0-9]{6}$)/.test(name)) return 'private';
  // Seatbelt refuses a writable root with a symlink in its path, and Codex makes these such roots (fact 38).
  if (platform === 'darwin' && SEATBELT_ROOTS.has(name)) return 'private';
  return 'link';
}

const TABLE: ReadonlyMap<string, EntryPolicy> = new Map([
  ['auth.json', 'vault'],
  // Our copy beside a vault's login (accounts/last-good.ts), where a vault is the shared home.
  ['auth.json.last-good', 'never'],
  ['.credentials.json', 'hardlink'],
  // The lock belongs to the credential file and is made beside it (fact 11); `auth.lock` guards keyring backends.
  ['auth.json.lock', 'private'],
  ['auth.lock', 'private'],
  // Logins of the account's workspaces (fact 29): a link would show them to every other account.
  ['account-sessions', 'private'],
  // Bound to the account or to its plan.
  ['models_cache.json', 'private'],
  ['cloud-config-bundle-cache.json', 'private'],
  ['cloud-requirements-cache.json', 'private'],
  ['cache', 'private'],
  ['secrets', 'private'],
  // Bound to the process.
  ['tmp', 'private'],
  ['ipc', 'private'],
  // The daemon and its copy of Codex (fact 98): a link would attach the session to another account's daemon.
  ['app-server-control', 'never'],
  ['app-server-daemon', 'never'],
  ['packages', 'never'],
]);

/**
 * Whether Codex alone cares for an entry and makes it anew when it is gone: where two of them meet, the newer stays, and
 * nothing is kept of the older.
 * @param entry relative to CODEX_HOME.
 */
export function isMadeAnew(entry: string): boolean {
  const [first = '', ...below] = entry.split('/');
  if (below.length === 0) {
    return MADE_ANEW.has(first) || first.endsWith('.lock') || /[-_]cache\.json$/.test(first);
  }
  return MADE_ANEW.has(first) || MADE_ANEW.has(`${first}/${below[0]}`);
}

const MADE_ANEW = new Set([
  'installation_id',
  'version.json',
  'cache',
  'tmp',
  '.tmp',
  'thread-writer-locks',
  'mcp-oauth-locks',
  'plugins/cache',
  'plugins/staging',
  'skills/.system',
]);

/** What is private on macOS for Seatbelt's sake alone: the user's, to be brought home before an overlay is deleted. */
export function isBroughtHomeLast(name: string): boolean {
  return SEATBELT_ROOTS.has(name);
}

/**
 * What may be real in an overlay, is not shared, and is not to be had again once it is deleted.
 * - `secrets/`: MCP logins, encrypted with a key that Codex finds in the keyring by the path of CODEX_HOME (fact 36), so
 *   that nobody can read them elsewhere.
 * - `account-sessions/`: logins of workspaces.
 * - `.credentials.json`: logins that could not be brought to the shared home.
 * - databases: Codex was told to keep them here, by a setting that we did not understand.
 */
export function isOnlyCopy(name: string): boolean {
  return ONLY_COPIES.has(name) || /\.sqlite(-wal|-shm|-journal)?$/.test(name);
}

const ONLY_COPIES = new Set(['secrets', 'account-sessions', '.credentials.json']);

const SEATBELT_ROOTS = new Set(['visualizations', 'visualization-viewers']);

/** Must exist in the shared home before an overlay is furnished, or Codex makes them in the overlay (fact 30). */
export const SHARED_DIRECTORIES: readonly string[] = [
  'sessions',
  'archived_sessions',
  'thread-writer-locks',
  'mcp-oauth-locks',
  'shell_snapshots',
  'attachments',
  'generated_images',
  'hook_outputs',
  'skills',
  'rules',
  'prompts',
  'plugins',
  'memories',
  'log',
  '.tmp',
];

/** The same for files; empty ones are harmless to Codex. Any other new file is adopted when the overlay is released. */
export const SHARED_FILES: readonly string[] = [
  'config.toml',
  'history.jsonl',
  'session_index.jsonl',
  // Made beside the index as it is named (fact 37): with one in each overlay two sessions would not exclude each other.
  'session_index.jsonl.lock',
];
