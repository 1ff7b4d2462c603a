import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findEntryPolicy, SHARED_DIRECTORIES, SHARED_FILES } from '../../src/codex/home-table.ts';
import type { Section } from './report.ts';

/** The entries of a CODEX_HOME, two levels deep and masked. Directories end with `/`. @throws the errno error of readdir. */
export function listEntries(codexHome: string): string[] {
  const list = (path: string) =>
    readdirSync(join(codexHome, path), { withFileTypes: true }).map(
      (entry) => `${path}${entry.name}${entry.isDirectory() ? '/' : ''}`,
    );
  return list('').flatMap((path) =>
    [path, ...(path.endsWith('/') ? list(path) : [])].map(maskEntry),
  );
}

/** Replaces the parts that differ from one run to the next: ids, dates, random endings. Pure. */
export function maskEntry(path: string): string {
  return path
    .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, '<id>')
    .replace(/\b\d{4}-\d\d-\d\d(?:T\d\d-\d\d-\d\d)?/g, '<date>')
    .replace(/(?<=^(?:archived_)?sessions\/)\d{4}(?=\/$)/, '<date>')
    .replace(/[0-9a-f]{12,}|\d{9,}/g, '<id>')
    .replace(/(?<=^\.(?:auth-|tmp))[A-Za-z0-9]{4,6}$/, '<id>')
    .replace(/(?<=(?:^|\/)codex-arg0)\w{6}(?=\/?$)/, '<id>');
}

/** Compares the entries that a session of each release made, and says how an overlay treats the new entries. Pure. */
export function compareHomes(before: readonly string[], after: readonly string[]): Section {
  const only = (one: readonly string[], other: readonly string[]) => {
    const names = [...new Set(one)].filter((path) => !other.includes(path)).sort();
    // Of a new directory only the directory itself is listed.
    return names.filter((path) => !names.some((head) => path !== head && isIn(path, head)));
  };
  const added = only(after, before);
  const unknown = [...new Set(added.map(topOf))].filter((name) => describePolicy(name) === DEFAULT);
  return {
    title: 'Entries of CODEX_HOME after an exec and a TUI session',
    lines: [
      ...only(before, after).map((path) => `- ${path}`),
      ...added.map((path) => `+ ${path}  (${describePolicy(topOf(path))})`),
    ],
    lookAt: unknown.map((name) => `src/codex/home-table.ts: ${name} is in no table (${DEFAULT})`),
  };
}

const DEFAULT = 'unknown: default, link';

function describePolicy(name: string): string {
  const policy = findEntryPolicy(name);
  if (policy !== 'link') return policy;
  return [...SHARED_DIRECTORIES, ...SHARED_FILES].includes(name) ? policy : DEFAULT;
}

function topOf(path: string): string {
  return path.split('/')[0] as string;
}

function isIn(path: string, directory: string): boolean {
  return directory.endsWith('/') && path.startsWith(directory);
}
