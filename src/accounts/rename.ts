import { lstatSync, renameSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { isTargetName, type Target } from '../state/config.ts';
import { updateConfig } from '../state/config-store.ts';
import {
  cannotWrite,
  ensurePrivateDir,
  readJson,
  removeQuietly,
  replaceFile,
} from '../state/files.ts';
import { describePlace, type Makers, mayLive, readMakers } from '../state/liveness.ts';
import type { Paths } from '../state/paths.ts';
import { ownIdentity } from '../state/process-identity.ts';
import { changeRecords } from '../state/records.ts';
import { accountFile, removeAccountState } from './account-state.ts';
import { moveVaultDir } from './credential/discard.ts';
import { renameInCurrent } from './current.ts';
import { followLogin } from './shared-login.ts';
import { authFileOf } from './vault.ts';

/** A target that gets another name, and where its vault was and will be. */
export interface Renaming {
  from: Pick<Target, 'name' | 'vault'>;
  to: Pick<Target, 'name' | 'vault'>;
}

/**
 * Gives a target another name. The plan is written down first, so that the next command can finish it after an interruption.
 * Until then the configuration may name a vault that has moved.
 */
export async function renameTarget(paths: Paths, renaming: Renaming): Promise<void> {
  ensurePrivateDir(paths.stateDir);
  const owner = { ...ownIdentity(), ...describePlace() };
  replaceFile(paths.renamingFile, `${JSON.stringify({ version: 1, ...renaming, ...owner })}\n`);
  await takeSteps(paths, renaming);
}

/** Finishes a renaming whose command died. @returns what was finished, for the user. */
export async function finishRename(paths: Paths): Promise<Renaming | undefined> {
  const read = readJson(paths.renamingFile);
  if (read.kind === 'missing' || read.kind === 'unreadable') return undefined;
  const renaming = read.kind === 'ok' ? parseRenaming(read.value) : undefined;
  if (renaming === undefined) {
    removeQuietly(paths.renamingFile); // of a power cut: nothing had been done yet
    return undefined;
  }
  // That command may still run, here or on another machine: then its record is not old yet.
  if (mayLive(renaming.makers, paths.renamingFile)) return undefined;
  await takeSteps(paths, renaming);
  return renaming;
}

async function takeSteps(paths: Paths, renaming: Renaming): Promise<void> {
  const [move, ...others] = renameSteps(paths, renaming);
  try {
    await move?.();
  } catch (error) {
    // The vault is the root of a file system, say. Nothing was moved, and a second try would fail in the same way.
    if (isThere(renaming.from.vault)) removeQuietly(paths.renamingFile);
    throw cannotWrite(renaming.from.vault, error);
  }
  for (const step of others) await step();
}

/** Each step may be repeated. The last one removes the plan. */
export function renameSteps(paths: Paths, { from, to }: Renaming): (() => unknown)[] {
  return [
    () => moveVaultDir(from.vault, to.vault),
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
    () => followLogin(paths, authFileOf(from), authFileOf(to)),
    () => removeQuietly(paths.renamingFile),
  ];
}

function moveState(paths: Paths, from: string, to: string): void {
  changeRecords(paths, () => {
    if (!isThere(accountFile(paths, from))) return;
    try {
      // The file is moved unread, so that a file which cannot be read now keeps its marks. The name in it is not used.
      renameSync(accountFile(paths, from), accountFile(paths, to));
    } catch (error) {
      throw cannotWrite(accountFile(paths, to), error);
    }
  });
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function parseRenaming(value: unknown): (Renaming & { makers: Makers }) | undefined {
  const { from, to, pid, startTime, ...place } = (value ?? {}) as Record<string, unknown>;
  const [before, after] = [parseNamedVault(from), parseNamedVault(to)];
  if (before === undefined || after === undefined) return undefined;
  return {
    from: before,
    to: after,
    makers: readMakers([{ pid, startTime }], place),
  };
}

function parseNamedVault(value: unknown): Renaming['from'] | undefined {
  const { name, vault } = (value ?? {}) as Record<string, unknown>;
  const isPlace = isTargetName(name) && typeof vault === 'string' && isAbsolute(vault);
  return isPlace ? { name, vault } : undefined;
}
