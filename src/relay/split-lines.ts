/** A line with its newline, or a piece of a line that is too long to be kept. */
export interface LinePiece {
  bytes: Buffer;
  /** `whole`: one line. `head`, `middle` and `tail` are the pieces of one long line, in order. */
  part: 'whole' | 'head' | 'middle' | 'tail';
}

export interface LineSplitter {
  /** The lines that are complete now, in order. */
  push(chunk: Buffer): LinePiece[];
  /** The bytes after the last newline, when the stream has ended. */
  end(): LinePiece[];
}

/**
 * Splits a stream into lines. A line longer than `limit` bytes is not kept: its pieces come out as they come in, so that the
 * memory is bounded.
 */
export function createLineSplitter(limit: number): LineSplitter {
  let kept: Buffer[] = [];
  let length = 0;
  let isLong = false;

  function take(bytes: Buffer): LinePiece {
    const part = isLong ? 'tail' : 'whole';
    const line = kept.length === 0 ? bytes : Buffer.concat([...kept, bytes]);
    kept = [];
    length = 0;
    isLong = false;
    return { bytes: line, part };
  }

  function keep(bytes: Buffer): LinePiece[] {
    if (isLong) return [{ bytes, part: 'middle' }];
    kept.push(bytes);
    length += bytes.length;
    if (length <= limit) return [];
    const head = Buffer.concat(kept);
    kept = [];
    length = 0;
    isLong = true;
    return [{ bytes: head, part: 'head' }];
  }

  return {
    push(chunk) {
      const pieces: LinePiece[] = [];
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
        pieces.push(take(chunk.subarray(from, at + 1)));
        from = at + 1;
      }
      if (from < chunk.length) pieces.push(...keep(chunk.subarray(from)));
      return pieces;
    },
    end: () => (kept.length > 0 || isLong ? [take(Buffer.alloc(0))] : []),
  };
}

const NEWLINE = 0x0a;
