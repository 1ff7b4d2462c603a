import stripAnsi from 'strip-ansi';

export interface EchoSensor {
  feed(chunk: Buffer): void;
  /** From now on looks for this text, and no other, in what is drawn; `seen` is called once. */
  await(text: string, seen: () => void): void;
  /** Looks for nothing any more. */
  forget(): void;
}

const MOST_CHARACTERS = 16 * 1024;

/** Tells when a text that was typed has been drawn, wherever the drawing wraps or jumps. Looks at nothing until asked. */
export function createEchoSensor(): EchoSensor {
  let wanted: { text: string; seen: () => void; drawn: string } | undefined;
  return {
    feed(chunk) {
      if (wanted === undefined) return;
      wanted.drawn = (wanted.drawn + chunk.toString('utf8')).slice(-MOST_CHARACTERS);
      if (!squeeze(stripAnsi(wanted.drawn)).includes(wanted.text)) return;
      const { seen } = wanted;
      wanted = undefined;
      seen();
    },
    await(text, seen) {
      wanted = { text: squeeze(text), seen, drawn: '' };
    },
    forget() {
      wanted = undefined;
    },
  };
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, '');
}
