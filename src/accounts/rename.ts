import { renameSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { readObject } from '../codex/json.ts';
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
import { isThere } from './credential/read.ts';
import { renameInCurrent } from './current.ts';
import { followLogin } from './shared-login.ts';
import { authFileOf } from './vault.ts';

/** The old and the new name and vault of a target. */
export interface Renaming {
  from: Pick<Target, 'name' | 'vault'>;
  to: Pick<Target, 'name' | 'vault'>;
}

/**
 * Gives a target another name. First it writes a plan, so that the next command can finish the renaming after an
 * interruption. Until then the configuration may have the old path of a moved vault.
 */
export async function renameTarget(paths: Paths, renaming: Renaming): Promise<void> {
  ensurePrivateDir(paths.stateDir);
  const owner = { ...ownIdentity(), ...describePlace() };
  replaceFile(paths.renamingFile, `${JSON.stringify({ version: 1, ...renaming, ...owner })}\n`);
  await takeSteps(paths, renaming);
}

/** Finishes a renaming whose command died. @returns that renaming. */
export async function finishRename(paths: Paths): Promise<Renaming | undefined> {
  const read = readJson(paths.renamingFile);
  if (read.kind === 'missing' || read.kind === 'unreadable') return undefined;
  const renaming = read.kind === 'ok' ? parseRenaming(read.value) : undefined;
  if (renaming === undefined) {
    removeQuietly(paths.renamingFile); // broken by a power cut, before the first step
    return undefined;
  }
  // The command may still run, on this machine or on another one with the same home.
  if (mayLive(renaming.makers, paths.renamingFile)) return undefined;
  await takeSteps(paths, renaming);
  return renaming;
}

async function takeSteps(paths: Paths, renaming: Renaming): Promise<void> {
  const [move, ...others] = renameSteps(paths, renaming);
  try {
    await move?.();
  } catch (error) {
    // For example, the vault is the root of a file system. Nothing has moved, and the next try would fail, too.
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
        rules: before.rules.map((rule) => ({
          ...rule,
          targets: rule.targets.map((name) => (name === from.name ? to.name : name)),
        })),
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
      // Moved without reading: a file that cannot be read now keeps its marks. Nobody uses the name in the file.
      renameSync(accountFile(paths, from), accountFile(paths, to));
    } catch (error) {
      throw cannotWrite(accountFile(paths, to), error);
    }
  });
}

function parseRenaming(value: unknown): (Renaming & { makers: Makers }) | undefined {
  const { pid, startTime, ...record } = readObject(value) ?? {};
  const [from, to] = [parseNamedVault(record.from), parseNamedVault(record.to)];
  if (from === undefined || to === undefined) return undefined;
  return { from, to, makers: readMakers([{ pid, startTime }], record) };
}

function parseNamedVault(value: unknown): Renaming['from'] | undefined {
  const { name, vault } = readObject(value) ?? {};
  const isPlace = isTargetName(name) && typeof vault === 'string' && isAbsolute(vault);
  return isPlace ? { name, vault } : undefined;
}
