import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { readRegularFile } from '../regular-file.ts';

/** A `.codex/config.toml` of a project. */
export interface ProjectFile {
  /** The directory that has the `.codex`. */
  directory: string;
  file: string;
  text: string;
}

/**
 * The keys of a project's file that matter for logins. Codex takes no provider and no profile from it,
 * and says so (fact 42).
 */
export const PROJECT_KEYS = [
  'forced_chatgpt_workspace_id',
  'forced_login_method',
  'cli_auth_credentials_store',
] as const;

/**
 * Every `.codex/config.toml` from the file system's root down to a directory, the outermost first. Two stats for each
 * directory above; no file is judged here.
 * @param directory absolute. Codex goes up by the path as it is, also through a link that `-C` names (fact 43).
 */
export function findProjectFiles(directory: string): ProjectFile[] {
  return ancestorsOf(directory).reverse().flatMap(readProjectFile);
}

export interface TrustFacts {
  /** Where Codex works: its working directory, or what `-C` names. */
  directory: string;
  /** What the settings below the project's say of `project_root_markers`. */
  markers: unknown;
  /** What those settings and `-c` say of a project's `trust_level`. */
  trustOf(path: string): unknown;
  /** `--trust` was given: a project that nothing is said of is trusted from this start on. */
  asksForTrust: boolean;
}

/**
 * The files that Codex reads, in its order: a later one outranks an earlier one (fact 43):
 * - The root is the nearest directory above with a marker (`.git`, a file as well), else the working directory itself.
 *   `project_root_markers` of any layer but a project's changes the names; an empty list leaves the working directory.
 * - A file counts when its directory is trusted, else the root, else the repository. The first of them that has an entry
 *   decides: an untrusted subdirectory loses its own file, and nothing else.
 * - The repository of a worktree is the main one. Its files are not read for a worktree.
 * - A directory has two names: the real path, and the path as it is.
 * - No entry means not trusted: the file is ignored, and a TUI asks first.
 * - `.codex` and the file may be links. A `.codex` that is CODEX_HOME itself is skipped. For our children CODEX_HOME is
 *   the slot, so in the user's home `~/.codex` is a project's layer.
 */
export function keepTrusted(files: readonly ProjectFile[], facts: TrustFacts): ProjectFile[] {
  const root = findRoot(facts);
  const repository = findRepository(facts.directory);
  return files.filter(({ directory }) => isWithin(directory, root) && isTrusted(directory));

  function isTrusted(directory: string): boolean {
    const places = [directory, root, ...(repository === undefined ? [] : [repository])];
    const levels = places.flatMap((place) => [realPath(place), place]).map(facts.trustOf);
    const level = levels.find((found) => found !== undefined);
    return level === undefined ? facts.asksForTrust : level === 'trusted';
  }
}

const DEFAULT_MARKERS = ['.git'];

function findRoot({ directory, markers }: TrustFacts): string {
  const names = Array.isArray(markers)
    ? markers.filter((marker) => typeof marker === 'string')
    : DEFAULT_MARKERS;
  const marked = ancestorsOf(directory).find((ancestor) =>
    names.some((name) => existsSync(join(ancestor, name))),
  );
  return marked ?? directory;
}

/** The repository that trust is asked of: for a worktree the main one, for a submodule none. */
function findRepository(directory: string): string | undefined {
  const root = ancestorsOf(directory).find((ancestor) => existsSync(join(ancestor, '.git')));
  if (root === undefined) return undefined;
  const entry = join(root, '.git');
  if (statQuietly(entry)?.isDirectory()) return root;
  const gitDirectory = /^gitdir:(.*)/.exec(readQuietly(entry))?.[1]?.trim();
  if (!gitDirectory) return undefined;
  const worktrees = dirname(resolve(root, gitDirectory));
  const common = dirname(worktrees);
  const isWorktree = basename(worktrees) === 'worktrees' && basename(common) === '.git';
  return isWorktree ? dirname(common) : undefined;
}

function readProjectFile(directory: string): ProjectFile[] {
  const file = join(directory, '.codex', 'config.toml');
  // A pipe of that name would never end.
  if (!statQuietly(file)?.isFile()) return [];
  return [{ directory, file, text: readQuietly(file) }];
}

/** A directory and all above it, the nearest first. */
function ancestorsOf(directory: string): string[] {
  const parent = dirname(directory);
  return parent === directory ? [directory] : [directory, ...ancestorsOf(parent)];
}

function isWithin(directory: string, root: string): boolean {
  return directory === root || ancestorsOf(directory).includes(root);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function statQuietly(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a file where a directory should be, or no right to look
  }
}

function readQuietly(file: string): string {
  try {
    return readRegularFile(file).toString('utf8');
  } catch {
    return '';
  }
}
