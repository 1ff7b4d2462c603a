import { type ComposerKey, PASTE_START } from '../../codex/composer-keys.ts';
import type { KeyTag } from './render-burst.ts';

/** A bracketed paste whose end has not come. */
export interface OpenPaste {
  pieces: string[];
  length: number;
  /** How many of its bytes the child has. */
  passedOn: number;
  /** The tag of the newest piece. */
  tag: KeyTag;
  /** False once the child has more of it than we keep. */
  isKept: boolean;
}

/** Codex takes no longer prompt. Longer input that the child has is never typed again, so it is not kept. */
export const MOST_KEPT = 1024 * 1024;
/** Stands for input that was not kept: Escape is never typed again. */
export const NOT_KEPT: ComposerKey = { kind: 'other', bytes: '\u001b' };

export function openPaste(tag: KeyTag): OpenPaste {
  return { pieces: [], length: 0, passedOn: 0, tag, isKept: true };
}

/** @param passedOn how many bytes of a queued piece the child has. They can only be the beginning of the paste. */
export function addPiece(paste: OpenPaste, piece: string, tag: KeyTag, passedOn: number): void {
  const isQueued = tag.destination === 'queued';
  if (paste.passedOn === paste.length) paste.passedOn += isQueued ? passedOn : piece.length;
  paste.length += piece.length;
  paste.pieces.push(piece);
  paste.tag = tag;
  if (paste.length <= MOST_KEPT || isQueued) return;
  paste.pieces = [PASTE_START];
  paste.length = PASTE_START.length;
  paste.passedOn = PASTE_START.length;
  paste.isKept = false;
}

/** The whole paste, once its end has come. */
export function renderPaste(paste: OpenPaste): string {
  return paste.isKept || paste.tag.destination === 'queued'
    ? paste.pieces.join('')
    : NOT_KEPT.bytes;
}
