import { rmSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { readObject } from '../codex/json.ts';
import { readJson, replaceFile } from '../state/files.ts';
import { type CredentialsSlot, ownFile } from './credentials-files.ts';
import { digestLogins, type LinkedLogins, readLogins } from './merge-logins.ts';

// The record of the logins that were linked into a slot. It shows whether the session has removed a login.

/** Records the logins that slot and shared home have now. @param stats of the slot's file; an equal record is kept. */
export function recordLinked(slot: CredentialsSlot, { size, mtimeMs }: Stats): void {
  const record = readLinked(slot);
  if (record?.size === size && record.mtimeMs === mtimeMs) return;
  try {
    const logins = readLogins(ownFile(slot));
    if (logins === undefined) return;
    replaceFile(recordFile(slot), JSON.stringify(digestLogins(logins)), { sync: false });
  } catch {
    forgetLinked(slot); // without a record no login counts as removed
  }
}

/** @returns undefined when nothing was linked, and when the record cannot be read. */
export function readLinked(slot: CredentialsSlot): LinkedLogins | undefined {
  const read = readJson(recordFile(slot));
  const record = read.kind === 'ok' ? readObject(read.value) : undefined;
  const isRecord = typeof record?.whole === 'string' && readObject(record.entries) !== undefined;
  return isRecord ? (record as unknown as LinkedLogins) : undefined;
}

/** Deletes the record. */
export function forgetLinked(slot: CredentialsSlot): void {
  rmSync(recordFile(slot), { force: true });
}

function recordFile({ side }: CredentialsSlot): string {
  return join(side, 'credentials.linked');
}
