/** Writes lines to the server, and no more at once than it takes. */
export interface Pacer {
  /** Writes the line, or keeps it behind those that are kept. @param isRequest the server will answer it. */
  send(line: Buffer, isRequest?: boolean): void;
  /** The sum of the lengths of the lines that are kept. */
  bytes(): number;
  /** Lines that are sent in here have waited, and would come all at once. */
  burst(act: () => void): void;
  /** The server has answered a request: it has room for one more. */
  answered(): void;
  /** The server has ended. */
  clear(): void;
}

/** A server refuses what is beyond its queue of 128 requests: of 600 at once it refused 133 (fact 144). */
const AT_ONCE = 32;
/** A server may answer late, or never. After this pause more requests go on all the same, milliseconds. */
const PAUSE_MS = 20;

/** @param write writes to the server. @param after a timer. @param changed there are more or fewer lines that are kept. */
export function createPacer(
  write: (line: Buffer) => void,
  after: (ms: number, callback: () => void) => void,
  changed: () => void,
): Pacer {
  let kept: { line: Buffer; isRequest: boolean }[] = [];
  let bytes = 0;
  /** How many requests may still be written in this burst. Undefined when there is no burst. */
  let left: number | undefined;
  let isTimed = false;

  /** @param most so many requests; what is no request goes with them. */
  function writeKept(most: number): void {
    if (kept.length === 0) return;
    let requests = 0;
    const end = kept.findIndex(({ isRequest }) => isRequest && ++requests > most);
    for (const { line } of kept.splice(0, end === -1 ? kept.length : end)) {
      bytes -= line.length;
      write(line);
    }
    changed();
    if (kept.length === 0 || isTimed) return;
    isTimed = true;
    after(PAUSE_MS, () => {
      isTimed = false;
      writeKept(AT_ONCE);
    });
  }

  return {
    send(line, isRequest = true) {
      const isFree = kept.length === 0 && !(isRequest && left === 0);
      if (isFree && isRequest && left !== undefined) left -= 1;
      if (isFree) return write(line);
      kept.push({ line, isRequest });
      bytes += line.length;
      writeKept(0);
    },
    bytes: () => bytes,
    burst(act) {
      const isInner = left !== undefined;
      left ??= AT_ONCE;
      act();
      if (!isInner) left = undefined;
    },
    answered: () => writeKept(1),
    clear() {
      kept = [];
      bytes = 0;
    },
  };
}
