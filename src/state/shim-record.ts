import { isAbsolute } from 'node:path';
import { ensurePrivateDir, readJson, removeQuietly, replaceFile } from './files.ts';
import type { Paths } from './paths.ts';

/** Where `install-shim` has put things. */
export interface ShimRecord {
  shim: string;
  /** The start-up file of a shell that got the line for PATH. */
  startFile?: string;
  /** The path of the real codex, as PATH had it then. A PATH without codex leads to it (see locate-codex.ts). */
  codex?: string;
}

type Place = Pick<Paths, 'stateDir' | 'shimFile'>;

/** The shim that was installed last. Undefined when none was, or when the record cannot be read. */
export function readShimRecord({ shimFile }: Pick<Paths, 'shimFile'>): ShimRecord | undefined {
  const read = readJson(shimFile);
  if (read.kind !== 'ok') return undefined;
  const { shim, startFile, codex } = (read.value ?? {}) as Record<string, unknown>;
  if (!isPath(shim)) return undefined;
  return { shim, ...(isPath(startFile) && { startFile }), ...(isPath(codex) && { codex }) };
}

/** @throws HotswapError `home-unwritable`, `unsafe-path`. */
export function writeShimRecord({ stateDir, shimFile }: Place, record: ShimRecord): void {
  ensurePrivateDir(stateDir);
  replaceFile(shimFile, JSON.stringify(record));
}

export function removeShimRecord({ shimFile }: Pick<Paths, 'shimFile'>): void {
  removeQuietly(shimFile);
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && isAbsolute(value);
}
