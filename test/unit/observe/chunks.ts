import fc from 'fast-check';

/** The bytes cut at the given places, in order; empty pieces left out. */
export function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  return places
    .slice(1)
    .map((end, index) => bytes.subarray(places[index] as number, end))
    .filter((piece) => piece.length > 0);
}

/** Any way of cutting so many bytes, from one piece to single bytes. */
export function anyCuts(length: number): fc.Arbitrary<number[]> {
  const everywhere = Array.from({ length }, (_, at) => at);
  return fc.oneof(fc.array(fc.nat(length), { maxLength: 20 }), fc.constant(everywhere));
}

/** Bytes such as a terminal gets, dense in escapes, marks and halves of them. */
export function anyStream(...pieces: string[]): fc.Arbitrary<Buffer> {
  const piece = fc.oneof(
    fc.constantFrom(
      ...pieces,
      '\u001b',
      '\u001b[',
      '\u001b]',
      '\u001b\\',
      '\u0007',
      '■',
      'é',
      '🙂',
      '\r\n',
    ),
    fc.string(),
  );
  const text = fc.array(piece, { maxLength: 30 }).map((parts) => Buffer.from(parts.join('')));
  return fc.oneof(
    { weight: 4, arbitrary: text },
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  );
}
