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
  /** Shims that were installed at other places before. Some may be gone. */
  earlier?: string[];
}

/** A person seldom chooses more than two places. */
const MOST_EARLIER = 20;

type Place = Pick<Paths, 'stateDir' | 'shimFile'>;

/** The shim that was installed last. Undefined when none was, or when the record cannot be read. */
export function readShimRecord({ shimFile }: Pick<Paths, 'shimFile'>): ShimRecord | undefined {
  const read = readJson(shimFile);
  if (read.kind !== 'ok') return undefined;
  const { shim, startFile, codex, earlier } = (read.value ?? {}) as Record<string, unknown>;
  if (!isPath(shim)) return undefined;
  const others = Array.isArray(earlier) ? earlier.filter(isPath).slice(0, MOST_EARLIER) : [];
  return {
    shim,
    ...(isPath(startFile) && { startFile }),
    ...(isPath(codex) && { codex }),
    ...(others.length > 0 && { earlier: others }),
  };
}

/**
 * Records a shim. The shim that was recorded before stays known, so that `uninstall-shim` finds it in any place.
 * @throws HotswapError `home-unwritable`, `unsafe-path`.
 */
export function writeShimRecord({ stateDir, shimFile }: Place, record: ShimRecord): void {
  const before = readShimRecord({ shimFile });
  const known = [before?.shim ?? [], before?.earlier ?? []].flat();
  const earlier = [...new Set(known)].filter((path) => path !== record.shim);
  ensurePrivateDir(stateDir);
  replaceFile(shimFile, JSON.stringify({ ...record, earlier: earlier.slice(0, MOST_EARLIER) }));
}

export function removeShimRecord({ shimFile }: Pick<Paths, 'shimFile'>): void {
  removeQuietly(shimFile);
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && isAbsolute(value);
}
