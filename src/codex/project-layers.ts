import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { readTextQuietly, statQuietly } from '../regular-file.ts';
import { listAncestors, resolveLinks } from './paths.ts';

/** A `.codex/config.toml` of a project. */
export interface ProjectFile {
  /** The directory with the `.codex`. */
  directory: string;
  file: string;
  text: string;
}

/** The keys about logins that Codex takes from a project's file: no provider and no profile (fact 42). */
export const PROJECT_KEYS = [
  'forced_chatgpt_workspace_id',
  'forced_login_method',
  'cli_auth_credentials_store',
] as const;

/**
 * Every `.codex/config.toml` from the file system's root down to a directory, trusted or not.
 * @param directory absolute, links not resolved: Codex goes up by the path as it is (fact 43).
 */
export function findProjectFiles(directory: string): ProjectFile[] {
  return listAncestors(directory).reverse().flatMap(readProjectFile);
}

export interface TrustFacts {
  /** The working directory, or the directory of `-C`. */
  directory: string;
  /** `project_root_markers` of all layers except those of projects. */
  markers: unknown;
  /** `trust_level` of a project in those layers. */
  trustOf(path: string): unknown;
  /** `--trust` was given: a project without an entry is trusted. */
  asksForTrust: boolean;
}

/**
 * The files that Codex reads, by the rules of fact 43. A later one outranks an earlier one. A file counts when it is below
 * the project's root, and is trusted. Codex looks for a trust entry of the file's directory, then of the root, then of the
 * repository, and the first entry decides. So an untrusted subdirectory loses only its own file.
 */
export function keepTrusted(files: readonly ProjectFile[], facts: TrustFacts): ProjectFile[] {
  const root = findRoot(facts);
  const repository = findRepository(facts.directory);
  return files.filter(({ directory }) => isWithin(directory, root) && isTrusted(directory));

  function isTrusted(directory: string): boolean {
    const places = [directory, root, ...(repository === undefined ? [] : [repository])];
    const levels = places.flatMap((place) => [resolveLinks(place), place]).map(facts.trustOf);
    const level = levels.find((found) => found !== undefined);
    return level === undefined ? facts.asksForTrust : level === 'trusted';
  }
}

const DEFAULT_MARKERS = ['.git'];

function findRoot({ directory, markers }: TrustFacts): string {
  const names = Array.isArray(markers)
    ? markers.filter((marker) => typeof marker === 'string')
    : DEFAULT_MARKERS;
  const marked = listAncestors(directory).find((ancestor) =>
    names.some((name) => existsSync(join(ancestor, name))),
  );
  return marked ?? directory;
}

/** The repository whose trust counts: the main one for a worktree, none for a submodule. */
function findRepository(directory: string): string | undefined {
  const root = listAncestors(directory).find((ancestor) => existsSync(join(ancestor, '.git')));
  if (root === undefined) return undefined;
  const entry = join(root, '.git');
  if (statQuietly(entry)?.isDirectory()) return root;
  const gitDirectory = /^gitdir:(.*)/.exec(readTextQuietly(entry))?.[1]?.trim();
  if (!gitDirectory) return undefined;
  const worktrees = dirname(resolve(root, gitDirectory));
  const common = dirname(worktrees);
  const isWorktree = basename(worktrees) === 'worktrees' && basename(common) === '.git';
  return isWorktree ? dirname(common) : undefined;
}

function readProjectFile(directory: string): ProjectFile[] {
  const file = join(directory, '.codex', 'config.toml');
  if (!statQuietly(file)?.isFile()) return [];
  return [{ directory, file, text: readTextQuietly(file) }];
}

function isWithin(directory: string, root: string): boolean {
  return listAncestors(directory).includes(root);
}
