import stripAnsi from 'strip-ansi';
import { type Carry, createCarry } from './needle.ts';

export interface EchoSensor {
  feed(chunk: Buffer): void;
  /** From now on looks for this text, and no other, in what is drawn; `seen` is called once. */
  await(text: string, seen: () => void): void;
  /** Looks for nothing any more. */
  forget(): void;
}

const MOST_CHARACTERS = 16 * 1024;
/** No character has more than 4 bytes. */
const MOST_BYTES = 4 * MOST_CHARACTERS;

/** Tells when a typed text has been drawn, wherever the drawing wraps or jumps. Looks at nothing until it is asked. */
export function createEchoSensor(): EchoSensor {
  let wanted: { text: string; seen: () => void; drawn: Carry } | undefined;
  return {
    feed(chunk) {
      if (wanted === undefined) return;
      const bytes = wanted.drawn.join(chunk);
      wanted.drawn.keep(bytes, Math.max(0, bytes.length - MOST_BYTES));
      const text = bytes.toString('utf8').slice(-MOST_CHARACTERS);
      if (!squeeze(stripAnsi(text)).includes(wanted.text)) return;
      const { seen } = wanted;
      wanted = undefined;
      seen();
    },
    await(text, seen) {
      wanted = { text: squeeze(text), seen, drawn: createCarry() };
    },
    forget() {
      wanted = undefined;
    },
  };
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, '');
}
