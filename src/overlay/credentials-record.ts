import { rmSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { readJson, replaceFile } from '../state/files.ts';
import { type CredentialsSlot, ownFile } from './credentials-files.ts';
import { digestLogins, type LinkedLogins, readLogins } from './merge-logins.ts';

// What was linked into a slot. The record tells a login that the session has removed from one that was never there.

/** Puts on record what both sides have now, unless it is on record already. @param stats of the slot's file. */
export function recordLinked(slot: CredentialsSlot, { size, mtimeMs }: Stats): void {
  const record = readLinked(slot);
  if (record?.size === size && record.mtimeMs === mtimeMs) return;
  try {
    const logins = readLogins(ownFile(slot));
    if (logins === undefined) return;
    replaceFile(recordFile(slot), JSON.stringify(digestLogins(logins)), { sync: false });
  } catch {
    forgetLinked(slot); // a login that is not known to have been linked is never taken for removed
  }
}

/** @returns undefined when nothing was linked, or when that cannot be told. */
export function readLinked(slot: CredentialsSlot): LinkedLogins | undefined {
  const read = readJson(recordFile(slot));
  const record = read.kind === 'ok' ? (read.value as Partial<LinkedLogins> | null) : undefined;
  const isWhole = typeof record?.whole === 'string' && typeof record.entries === 'object';
  return isWhole && record.entries !== null ? (record as LinkedLogins) : undefined;
}

export function forgetLinked(slot: CredentialsSlot): void {
  rmSync(recordFile(slot), { force: true });
}

function recordFile({ side }: CredentialsSlot): string {
  return join(side, 'credentials.linked');
}
