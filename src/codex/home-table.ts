/**
 * How an entry of CODEX_HOME appears in an overlay (fact 28):
 * - `link`: a symlink to the shared home. The default, also for an entry that a future Codex adds.
 * - `vault`: a symlink to the account's one credential file.
 * - `hardlink`: Codex opens the file with O_NOFOLLOW, which refuses a symlink.
 * - `private`: Codex makes it in the overlay. It is neither shared nor brought to the shared home.
 * - `never`: the entry must not be in an overlay: it leads to another account's daemon, or Codex keeps it in another place.
 */
export type EntryPolicy = 'link' | 'vault' | 'hardlink' | 'private' | 'never';

/** The policy of a top-level entry of CODEX_HOME. */
export function findEntryPolicy(
  name: string,
  platform: NodeJS.Platform = process.platform,
): EntryPolicy {
  const listed = TABLE.get(name);
  if (listed !== undefined) return listed;
  // CODEX_SQLITE_HOME leads to the databases. A link would separate a database from its -wal and -shm.
  if (/\.sqlite(-wal|-shm|-journal)?$/.test(name)) return 'never';
  // Temporary files: `.auth-XXXX` (fact 11), `.tmpXXXXXX` of an edit of config.toml (fact 34).
  if (/^\.(auth-|tmp[A-Za-z0-9]{6}$)/.test(name)) return 'private';
  // Seatbelt refuses a writable root with a symlink in its path (fact 38).
  if (platform === 'darwin' && SEATBELT_ROOTS.has(name)) return 'private';
  return 'link';
}

const TABLE: ReadonlyMap<string, EntryPolicy> = new Map([
  ['auth.json', 'vault'],
  // Our copy of a login (accounts/last-good.ts), when the shared home is a vault.
  ['auth.json.last-good', 'never'],
  ['.credentials.json', 'hardlink'],
  // Codex makes the lock beside the credential file (fact 11). `auth.lock` is for keyrings.
  ['auth.json.lock', 'private'],
  ['auth.lock', 'private'],
  // Logins of the account's workspaces (fact 29): a link would show them to all other accounts.
  ['account-sessions', 'private'],
  // For one account or its plan.
  ['models_cache.json', 'private'],
  ['cloud-config-bundle-cache.json', 'private'],
  ['cloud-requirements-cache.json', 'private'],
  ['cache', 'private'],
  ['secrets', 'private'],
  // For one process.
  ['tmp', 'private'],
  ['ipc', 'private'],
  // The daemon and its copy of Codex (fact 98): a link would connect the session to another account's daemon.
  ['app-server-control', 'never'],
  ['app-server-daemon', 'never'],
  ['packages', 'never'],
]);

/**
 * Whether Codex recreates an entry that is missing. Of two such files the newer one stays, and the older one is deleted.
 * @param entry relative to CODEX_HOME.
 */
export function isRecreatedByCodex(entry: string): boolean {
  const [first = '', ...below] = entry.split('/');
  if (RECREATED.has(first)) return true;
  if (below.length > 0) return RECREATED.has(`${first}/${below[0]}`);
  return first.endsWith('.lock') || /[-_]cache\.json$/.test(first);
}

const RECREATED = new Set([
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

/** Whether an entry is private only because of Seatbelt: it is the user's, and is moved to the shared home at the end. */
export function isPrivateForSeatbelt(name: string): boolean {
  return SEATBELT_ROOTS.has(name);
}

/**
 * Whether an entry of an overlay may have no other copy, so that it must not be deleted:
 * - `secrets/`: MCP logins, encrypted with a key that belongs to this path of CODEX_HOME (fact 36).
 * - `account-sessions/`: logins of workspaces.
 * - `.credentials.json`: MCP logins that could not be moved to the shared home.
 * - databases: a setting that we did not understand made Codex keep them here (fact 31).
 */
export function isOnlyCopy(name: string): boolean {
  return ONLY_COPIES.has(name) || /\.sqlite(-wal|-shm|-journal)?$/.test(name);
}

const ONLY_COPIES = new Set(['secrets', 'account-sessions', '.credentials.json']);

const SEATBELT_ROOTS = new Set(['visualizations', 'visualization-viewers']);

/** These must exist in the shared home before an overlay is made; else Codex makes them in the overlay (fact 30). */
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

/** The same for files: Codex accepts empty ones. Every other new file is moved when the overlay is released. */
export const SHARED_FILES: readonly string[] = [
  'config.toml',
  'history.jsonl',
  'session_index.jsonl',
  // Codex makes it in the overlay (fact 37). With one lock in each overlay, two sessions could write at once.
  'session_index.jsonl.lock',
];
