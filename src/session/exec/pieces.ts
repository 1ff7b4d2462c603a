/** The parts of a chunk that go on, and bytes of ours between them. Parts that touch each other are one piece. */
export interface Pieces {
  readonly bytes: Buffer;
  pass(from: number, to: number): void;
  insert(piece: Buffer): void;
  list(): Buffer[];
}

export function createPieces(bytes: Buffer): Pieces {
  const pieces: Buffer[] = [];
  let from = 0;
  let to = 0;

  function close(): void {
    if (to > from) pieces.push(bytes.subarray(from, to));
    from = to;
  }

  return {
    bytes,
    pass(start, end) {
      if (start !== to) {
        close();
        from = start;
      }
      to = end;
    },
    insert(piece) {
      close();
      pieces.push(piece);
    },
    list() {
      close();
      return pieces;
    },
  };
}
