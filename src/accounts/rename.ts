import { lstatSync, renameSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { MOST, readPid, readText } from '../codex/bounds.ts';
import { isTargetName, type Target } from '../state/config.ts';
import { updateConfig } from '../state/config-store.ts';
import {
  cannotWrite,
  ensurePrivateDir,
  readJson,
  removeQuietly,
  replaceFile,
} from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import {
  isAlive,
  ownIdentity,
  type ProcessIdentity,
  processTable,
} from '../state/process-identity.ts';
import {
  accountFile,
  readAccountState,
  removeAccountState,
  writeAccountState,
} from './account-state.ts';
import { renameInCurrent } from './current.ts';
import { linkSharedAuth, linkTarget } from './prime.ts';
import { authFileOf } from './vault.ts';

/** A target that gets another name, and where its vault was and will be. */
export interface Renaming {
  from: Pick<Target, 'name' | 'vault'>;
  to: Pick<Target, 'name' | 'vault'>;
}

/**
 * Gives a target another name. What is to be done is written down first, so that whoever comes after an interruption can
 * finish it: until then the configuration may name a vault that has moved.
 */
export async function renameTarget(paths: Paths, renaming: Renaming): Promise<void> {
  ensurePrivateDir(paths.stateDir);
  const owner = { ...ownIdentity(), table: processTable() };
  replaceFile(paths.renamingFile, `${JSON.stringify({ version: 1, ...renaming, ...owner })}\n`);
  for (const step of renameSteps(paths, renaming)) await step();
}

/** Finishes a renaming whose command died. @returns what was finished, for the user. */
export async function finishRename(paths: Paths): Promise<Renaming | undefined> {
  const read = readJson(paths.renamingFile);
  if (read.kind === 'missing') return undefined;
  const renaming = read.kind === 'ok' ? checkRenaming(read.value) : undefined;
  if (renaming === undefined) {
    removeQuietly(paths.renamingFile); // of a power cut: nothing had been done yet
    return undefined;
  }
  if (renaming.table === processTable() && isAlive(renaming)) return undefined; // it is at it
  for (const step of renameSteps(paths, renaming)) await step();
  return renaming;
}

/** Each may be done once more; the last one says that all are done. */
export function renameSteps(paths: Paths, { from, to }: Renaming): (() => unknown)[] {
  return [
    () => moveVault(from.vault, to.vault),
    () => moveState(paths, from.name, to.name),
    () =>
      updateConfig(paths, (before) => ({
        ...before,
        targets: before.targets.map((known) =>
          known.name === from.name ? { ...known, ...to } : known,
        ),
      })),
    () => renameInCurrent(paths, from.name, to.name),
    () => removeAccountState(paths, from.name),
    () => followLink(paths, authFileOf(from), authFileOf(to)),
    () => removeQuietly(paths.renamingFile),
  ];
}

function moveVault(from: string, to: string): void {
  if (from === to || !isThere(from) || isThere(to)) return;
  try {
    renameSync(from, to);
  } catch (error) {
    throw cannotWrite(to, error);
  }
}

function moveState(paths: Paths, from: string, to: string): void {
  if (!isThere(accountFile(paths, from))) return;
  const { state } = readAccountState(paths, from);
  writeAccountState(paths, { ...state, target: to });
}

function followLink(paths: Paths, from: string, to: string): void {
  const link = join(paths.sharedHome, 'auth.json');
  const isLink = lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (isLink && linkTarget(link) === from) linkSharedAuth(paths, to);
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function checkRenaming(
  value: unknown,
): (Renaming & ProcessIdentity & { table: string }) | undefined {
  const { from, to, pid, startTime, table } = (value ?? {}) as Record<string, unknown>;
  const [before, after] = [checkPlace(from), checkPlace(to)];
  if (before === undefined || after === undefined) return undefined;
  return {
    from: before,
    to: after,
    pid: readPid(pid) ?? 0,
    startTime: readText(startTime, MOST.name) ?? '',
    table: readText(table, MOST.name) ?? '',
  };
}

function checkPlace(value: unknown): Renaming['from'] | undefined {
  const { name, vault } = (value ?? {}) as Record<string, unknown>;
  const isPlace = isTargetName(name) && typeof vault === 'string' && isAbsolute(vault);
  return isPlace ? { name, vault } : undefined;
}
