import { closeSync, constants, openSync, writeSync } from 'node:fs';

/** When a pty has given nothing for this long, it is empty. */
const DEADLINE_MS = 150;
/** A background process may print without end, so that the marker finds no room. The search ends after this long. */
const LATEST_MS = 2000;
const RETRY_MS = 1;

/**
 * Finds the last byte of a command that is dead or stopped, and delivers it.
 *
 * The slave is held open from the start: libuv up to 1.51 takes a partial read after a hang-up for the end of file and
 * loses the tail of a fast child in most runs on Node 20 (pty fact 1). With a slave open there is no hang-up, and so no
 * end of file either. Instead of guessing by silence, we write a marker into the held slave once the command is quiet:
 * the pty is a queue, so all that the command wrote comes out before it.
 */
export function createDrain(
  slavePath: string,
  { deliver, onEnd }: { deliver: (chunk: Buffer) => void; onEnd: () => void },
) {
  const slave = openSync(slavePath, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  let search: Search | undefined;
  let isDead = false;
  let hasEnded = false;

  function searchFor(reached: () => void): void {
    const begun = beginSearch(reached, expire);
    search = begun;
    sendMarker(slave, begun.marker, () => search === begun);
  }

  /** On a busy machine the timer may fire before output that is waiting has been read. An immediate runs after that read. */
  function expire(): void {
    if (search !== undefined) search.isExpired = true;
    setImmediate(() => {
      if (search?.isExpired) finishSearch(Buffer.alloc(0));
    });
  }

  /** @param behind the bytes that a background process has written after the marker. */
  function finishSearch(behind: Buffer): void {
    if (search === undefined) return;
    const { held, deadline, reached } = search;
    search = undefined;
    clearTimeout(deadline);
    if (held.length > 0) deliver(held);
    reached();
    if (behind.length > 0 && !hasEnded) deliver(behind);
  }

  function end(): void {
    if (hasEnded) return;
    if (search !== undefined) {
      search.reached = end;
      finishSearch(Buffer.alloc(0));
      return;
    }
    hasEnded = true;
    closeSync(slave);
    onEnd();
  }

  return {
    /** The command is dead or stopped, and its last byte is not found yet. */
    isSearching: () => search !== undefined,
    /** A chunk that was read from the pty. */
    feed(chunk: Buffer): void {
      if (hasEnded) return;
      if (search === undefined) return deliver(chunk);
      extend(search);
      const { before, behind } = splitAtMarker(search, chunk);
      if (before.length > 0) deliver(before);
      if (behind !== undefined) finishSearch(behind);
    },
    /** The command is stopped: `quiet` is called after the last byte it wrote before. */
    pause(quiet: () => void): void {
      if (isDead || hasEnded || search !== undefined) quiet();
      else searchFor(quiet);
    },
    /** The command has ended. The caller must not pause the pty any more. `onEnd` follows the last byte. */
    start(): void {
      if (isDead || hasEnded) return;
      isDead = true;
      if (search === undefined) return searchFor(end);
      // The command was killed while it was stopped: it may have written after the marker that is under way.
      const { reached } = search;
      search.reached = () => {
        reached();
        searchFor(end);
      };
    },
    /** The read side has closed: nothing can come any more. */
    end,
  };
}

function beginSearch(reached: () => void, expire: () => void): Search {
  // A stopped tty (Ctrl-S in cooked mode) lets no marker through.
  const deadline = setTimeout(expire, DEADLINE_MS);
  const latest = performance.now() + LATEST_MS;
  const [marker, held] = [createMarker(), Buffer.alloc(0)];
  return { marker, held, deadline, latest, isExpired: false, reached };
}

/** @param isWanted the marker is still searched for. */
function sendMarker(slave: number, unsent: Buffer, isWanted: () => boolean): void {
  if (!isWanted()) return;
  let rest = unsent;
  try {
    rest = unsent.subarray(writeSync(slave, unsent));
  } catch (error) {
    // The pty is full of output that we read next. After any other error the deadline ends the search.
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
  }
  if (rest.length > 0) setTimeout(sendMarker, RETRY_MS, slave, rest, isWanted);
}

/** @returns the bytes before the marker, and those behind it once the marker is complete. The rest is held. */
function splitAtMarker(search: Search, chunk: Buffer): { before: Buffer; behind?: Buffer } {
  const { held, marker } = search;
  const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
  const at = bytes.indexOf(marker);
  if (at >= 0) {
    search.held = Buffer.alloc(0);
    return { before: bytes.subarray(0, at), behind: bytes.subarray(at + marker.length) };
  }
  const end = bytes.length - lengthOfPartialMarker(bytes, marker);
  search.held = Buffer.from(bytes.subarray(end));
  return { before: bytes.subarray(0, end) };
}

/** A stream reads 4 KB in each turn of the loop: the last 20 KB may take a busy machine a while. */
function extend(search: Search): void {
  if (performance.now() > search.latest) return;
  search.isExpired = false;
  search.deadline.refresh();
}

interface Search {
  marker: Buffer;
  /** Bytes that may be the beginning of the marker. */
  held: Buffer;
  deadline: NodeJS.Timeout;
  /** No deadline is later, in milliseconds of `performance.now`. */
  latest: number;
  /** Nothing has come before the deadline. */
  isExpired: boolean;
  reached: () => void;
}

/** 64 bytes that no output processing touches and, should they ever reach a screen, no terminal shows: NUL and DEL. */
function createMarker(): Buffer {
  return Buffer.from(Array.from({ length: 64 }, () => (Math.random() < 0.5 ? 0x7f : 0x00)));
}

/** How many bytes at the end of `bytes` may be the beginning of the marker. */
function lengthOfPartialMarker(bytes: Buffer, marker: Buffer): number {
  for (let length = Math.min(bytes.length, marker.length - 1); length > 0; length -= 1) {
    if (bytes.subarray(bytes.length - length).equals(marker.subarray(0, length))) return length;
  }
  return 0;
}
