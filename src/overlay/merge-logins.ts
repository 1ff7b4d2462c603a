import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { parseJson, readObject } from '../codex/json.ts';

/** The content of a `.credentials.json`: one entry for the login of each MCP server. */
export interface Logins {
  bytes: Buffer;
  stats: Stats;
  /** By Codex's key of the server. A file of an unknown form is one entry. */
  entries: ReadonlyMap<string, string>;
  /** False for a file of an unknown form, which is kept or replaced as a whole. */
  isKnownForm: boolean;
}

/** Digests of the logins that were linked into a slot; no secrets. */
export interface LinkedLogins {
  size: number;
  mtimeMs: number;
  whole: string;
  entries: Record<string, string>;
}

/**
 * Reads the file. Codex empties the file and then writes it, so an incomplete file is read again.
 * @returns undefined when there is no file.
 * @throws what reading throws; an Error when it is no regular file. Codex does not open such a file either.
 */
export function readLogins(path: string): Logins | undefined {
  for (let looks = 1; ; looks++) {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
    const logins = parseLogins(readFileSync(path), stats);
    if (logins.isKnownForm || looks === MOST_LOOKS) return logins;
    Atomics.wait(CLOCK, 0, 0, PAUSE_MS);
  }
}

const MOST_LOOKS = 4;
const PAUSE_MS = 15;
const CLOCK = new Int32Array(new SharedArrayBuffer(4));

/** Reads the logins from the bytes of a file. */
export function parseLogins(bytes: Buffer, stats: Stats): Logins {
  const logins = readObject(parseJson(bytes.toString()));
  if (logins === undefined) return { bytes, stats, entries: wholeOf(bytes), isKnownForm: false };
  const entries = Object.entries(logins).map(
    ([key, login]) => [key, JSON.stringify(login)] as const,
  );
  return { bytes, stats, entries: new Map(entries), isKnownForm: true };
}

const WHOLE = '';

function wholeOf(bytes: Buffer): Map<string, string> {
  return new Map([[WHOLE, bytes.toString('latin1')]]);
}

/** The digests of these logins, for the record. */
export function digestLogins({ bytes, stats, entries, isKnownForm }: Logins): LinkedLogins {
  const digests = [...entries].map(([key, login]) => [key, digest(login)]);
  return {
    size: stats.size,
    mtimeMs: stats.mtimeMs,
    whole: digest(bytes.toString('latin1')),
    entries: isKnownForm ? Object.fromEntries(digests) : {},
  };
}

/**
 * Merges the logins of the slot and of the shared home. A login that only one side has stays, unless the other side has
 * removed it since it was linked. When both sides have changed a login, the login of the newer file stays.
 * @param linked the logins that both sides had; undefined when nothing was linked: then no login counts as removed.
 * @returns the text for both files; undefined when no login is left.
 */
export function mergeLogins(
  linked: LinkedLogins | undefined,
  ours: Logins | undefined,
  theirs: Logins | undefined,
): Buffer | undefined {
  const sides = [ours, theirs].filter((side) => side !== undefined);
  const sound = sides.filter(({ isKnownForm }) => isKnownForm);
  // A Codex that was killed while it wrote leaves a file of an unknown form.
  if (sides.length === 2 && sound.length === 1) return sound[0]?.bytes;
  const byEntry = sides.every(({ isKnownForm }) => isKnownForm);
  const entriesOf = (side: Logins | undefined): ReadonlyMap<string, string> =>
    side === undefined ? new Map() : byEntry ? side.entries : wholeOf(side.bytes);
  const [o, t] = [entriesOf(ours), entriesOf(theirs)];
  const base = byEntry ? linked?.entries : linked && { [WHOLE]: linked.whole };
  const isOursLater = (ours?.stats.mtimeMs ?? 0) >= (theirs?.stats.mtimeMs ?? 0);
  const merged = new Map<string, string>();
  for (const key of new Set([...t.keys(), ...o.keys()])) {
    const pair = { ours: o.get(key), theirs: t.get(key), base: base?.[key] };
    const login = pickLogin(pair, isOursLater);
    if (login !== undefined) merged.set(key, login);
  }
  if (merged.size === 0) return undefined;
  const same = [theirs, ours].find((side) => side && isSame(entriesOf(side), merged));
  return same?.bytes ?? Buffer.from(textOf(merged));
}

interface Pair {
  ours: string | undefined;
  theirs: string | undefined;
  /** The digest of the login that both sides had. */
  base: string | undefined;
}

function pickLogin({ ours, theirs, base }: Pair, isOursLater: boolean): string | undefined {
  const isOld = (login: string) => base !== undefined && digest(login) === base;
  if (ours === theirs) return ours;
  if (ours === undefined) return isOld(theirs as string) ? undefined : theirs;
  if (theirs === undefined) return isOld(ours) ? undefined : ours;
  if (isOld(ours)) return theirs;
  if (isOld(theirs)) return ours;
  return isOursLater ? ours : theirs;
}

/** Whether `kept` has every login: the same bytes, the same login, or a newer login of the same server. */
export function isCovered(
  logins: Logins,
  kept: Pick<Logins, 'bytes' | 'entries' | 'isKnownForm'>,
  linked: LinkedLogins | undefined,
): boolean {
  if (kept.bytes.equals(logins.bytes)) return true;
  if (!logins.isKnownForm || !kept.isKnownForm) return false;
  return [...logins.entries].every(([key, login]) => {
    const now = kept.entries.get(key);
    return now === login || (now !== undefined && linked?.entries[key] === digest(login));
  });
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, login]) => b.get(key) === login);
}

function textOf(entries: ReadonlyMap<string, string>): string {
  const members = [...entries].map(([key, login]) => `${JSON.stringify(key)}:${login}`);
  return `{${members.join(',')}}`;
}

/**
 * FNV-1a with two seeds, and the length. node:crypto would take 4 ms to load before the first frame. The digests need no
 * protection against forgery, and nobody can compute a token from them.
 */
function digest(text: string): string {
  const hash = (seed: number) => {
    let value = 0x811c9dc5 ^ seed;
    for (let i = 0; i < text.length; i++) {
      value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
      value ^= value >>> 15;
    }
    return (value >>> 0).toString(16).padStart(8, '0');
  };
  return `${hash(0)}${hash(0x9e3779b1)}-${text.length}`;
}
