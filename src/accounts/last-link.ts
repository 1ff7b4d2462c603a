import { isAbsolute } from 'node:path';
import { readObject } from '../codex/json.ts';
import { attempt } from '../state/attempt.ts';
import { ensurePrivateDir, readJson, replaceFile } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { changeRecords } from '../state/records.ts';

/**
 * Reads which vault a home's auth.json led to when we last saw it. `codex logout` revokes that login and removes the *link*,
 * not the vault's file (fact 21). `codex login` does the same before it begins. So a link that is gone means that the account
 * in the vault may be logged out.
 * @returns the vault's file; null when we have already noticed that the link is gone; undefined when there never was a link.
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

/** Records the vault's file; undefined deletes the entry. Never throws: without the record only a line for the user is lost. */
export function writeLastLink(
  paths: Pick<Paths, 'linkedFile' | 'recordsLock' | 'sharedHome' | 'stateDir'>,
  lastLink: LastLink,
): void {
  if (readLastLink(paths) === lastLink) return;
  attempt(() => {
    ensurePrivateDir(paths.stateDir);
    changeRecords(paths, () => {
      const { [paths.sharedHome]: _before, ...others } = readHomes(paths);
      const homes = lastLink === undefined ? others : { ...others, [paths.sharedHome]: lastLink };
      replaceFile(paths.linkedFile, `${JSON.stringify({ version: 1, homes })}\n`, { sync: false });
    });
  });
}

function readHomes({ linkedFile }: Pick<Paths, 'linkedFile'>): Record<string, unknown> {
  const read = readJson(linkedFile);
  return (read.kind === 'ok' && readObject(readObject(read.value)?.homes)) || {};
}
