import { createCarry, createNeedle } from './needle.ts';

export interface FrameSensor {
  feed(chunk: Buffer): void;
  /** The stream ends with the end of a frame. */
  ended(): boolean;
}

/**
 * Finds the ends of frames. Codex ends each with the end of a synchronized update.
 * @param drawn called once, at the end of the first frame: Codex reads keys from then on.
 */
export function createFrameSensor(drawn: () => void): FrameSensor {
  const carry = createCarry();
  let isDrawn = false;
  let isEnd = false;
  return {
    feed(chunk) {
      const bytes = carry.join(chunk);
      isEnd = END.indexOf(bytes, Math.max(0, bytes.length - END.length)) !== -1;
      carry.keep(bytes, END.cutIn(bytes, 0));
      if (isDrawn || !(isEnd || END.indexOf(bytes, 0) !== -1)) return;
      isDrawn = true;
      drawn();
    },
    ended: () => isEnd,
  };
}

const END = createNeedle('\u001b[?2026l', 2);
