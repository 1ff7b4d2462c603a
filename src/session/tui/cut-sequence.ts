import type { InputClassifier } from '../../observe/keys.ts';

/**
 * An escape sequence that the end of a chunk has cut in two. The classifier keeps its beginning for the next chunk. The child
 * may have that beginning already.
 */
export interface CutSequence {
  readonly classifier: InputClassifier;
  /** How many of the kept bytes the living child has. */
  passedOn: number;
  /** How many of them the child before had. It has read a key among them. */
  passedBefore: number;
}

/** The child does not have all of the sequence. */
export function hasWaitingPart({ classifier, passedOn }: CutSequence): boolean {
  return classifier.pending() > passedOn;
}

/** Reads a chunk that the child has. @returns its keys */
export function readPassedChunk(cut: CutSequence, chunk: Buffer): Buffer {
  const { keys } = cut.classifier.feed(chunk);
  cut.passedOn = cut.classifier.pending();
  return keys;
}

/**
 * Reads a chunk that the child does not have.
 * @returns its keys and the terminal's reports, with a cut sequence that ends in it. `passedOn`: how many of the first bytes
 * of the keys the child has.
 */
export function readWaitingChunk(
  cut: CutSequence,
  chunk: Buffer,
): { reports: Buffer; keys: Buffer; passedOn: number } {
  const { reports, keys } = cut.classifier.feed(chunk);
  const first = cut.classifier.cameFirst();
  if (first === undefined) return { reports, keys, passedOn: 0 };
  const { passedOn } = cut;
  cut.passedOn = 0;
  cut.passedBefore = 0;
  return first === 'report'
    ? { reports: reports.subarray(passedOn), keys, passedOn: 0 }
    : { reports, keys, passedOn };
}

/** No rest has come, so the kept bytes are keys, such as Escape. `passedOn`: how many of them the child has. */
export function endSequence(cut: CutSequence): { keys: Buffer; passedOn: number } {
  const { passedOn } = cut;
  cut.passedOn = 0;
  return { keys: cut.classifier.flush(), passedOn };
}

/** Gives the child the kept bytes that it does not have. The classifier still keeps them for the next chunk. */
export function passSequence(cut: CutSequence, deliver: (bytes: Buffer) => void): void {
  const kept = cut.classifier.flush();
  if (kept.length > cut.passedOn) deliver(kept.subarray(cut.passedOn));
  cut.classifier.feed(kept);
  cut.passedOn = kept.length;
}

/** The child has ended. Its successor has no byte of the sequence. */
export function forgetChild(cut: CutSequence): void {
  cut.passedBefore = Math.max(cut.passedBefore, cut.passedOn);
  cut.passedOn = 0;
}
