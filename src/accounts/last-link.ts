import { isAbsolute } from 'node:path';
import { ensurePrivateDir, readJson, replaceFile } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { changeRecords } from '../state/records.ts';

/**
 * Reads which vault a home's auth.json led to when we last saw it. Codex's logout, and every `codex login` before it begins,
 * revokes that login and removes the *link*, not the file that it leads to (fact 21). So a link that is gone says that the
 * account in the vault may be logged out, too.
 * @returns the vault's file; null when the link is gone and that was noticed; undefined when there never was one.
 */
export function readLastLink(paths: Pick<Paths, 'linkedFile' | 'sharedHome'>): LastLink {
  const value = readHomes(paths)[paths.sharedHome];
  if (value === null) return null;
  return typeof value === 'string' && isAbsolute(value) ? value : undefined;
}

/** The Codex homes whose auth.json has led to a vault. */
export function listHomesWithLink(paths: Pick<Paths, 'linkedFile'>): string[] {
  return Object.keys(readHomes(paths)).filter((home) => isAbsolute(home));
}

export type LastLink = string | null | undefined;

/**
 * Puts the vault's file on record; undefined forgets it. Never throws: without the record the user misses a line at most.
 */
export function writeLastLink(
  paths: Pick<Paths, 'linkedFile' | 'recordsLock' | 'sharedHome' | 'stateDir'>,
  lastLink: LastLink,
): void {
  if (readLastLink(paths) === lastLink) return;
  try {
    ensurePrivateDir(paths.stateDir);
    changeRecords(paths, () => {
      const { [paths.sharedHome]: _before, ...others } = readHomes(paths);
      const homes = lastLink === undefined ? others : { ...others, [paths.sharedHome]: lastLink };
      replaceFile(paths.linkedFile, `${JSON.stringify({ version: 1, homes })}\n`, { sync: false });
    });
  } catch {
    // A full disk, say.
  }
}

function readHomes({ linkedFile }: Pick<Paths, 'linkedFile'>): Record<string, unknown> {
  const read = readJson(linkedFile);
  const homes = read.kind === 'ok' ? (read.value as { homes?: unknown } | null)?.homes : undefined;
  return typeof homes === 'object' && homes !== null ? (homes as Record<string, unknown>) : {};
}
