import { createPreludeReader } from '../../observe/prelude.ts';
import type { Terminal } from '../../terminal/terminal.ts';

/** The way to the terminal. Between two children it can be held, so that the alternate screen is not left for a moment. */
export interface HeldOutput {
  /** Output of the child. @returns false when the terminal takes no more now. */
  pass(piece: Buffer): boolean;
  /** Output of ours, in its order. */
  write(text: string): void;
  /** Output of ours that draws nothing (a title, the bell): it does not wait. */
  writeNow(text: string): void;
  /** Output waits until the successor enters the alternate screen or draws, or for MOST_HELD_MS. */
  hold(): void;
  /** Writes what is held, at once. */
  release(): void;
}

/** A successor enters the alternate screen in half a second. A user who waits longer is to see the line about the handoff. */
const MOST_HELD_MS = 5000;

/**
 * Codex leaves its screen on when we end it, and its successor enters that screen with its first frame (fact 121). What leaves
 * it, our line in the scrollback, and what enters it again then go to the terminal in one write: no terminal shows
 * the shell between them. The successor's questions to the terminal do not wait, for it waits for their answers.
 */
export function createHeldOutput(terminal: Pick<Terminal, 'write'>): HeldOutput {
  let held: Buffer[] | undefined;
  let prelude = createPreludeReader();
  let timer: NodeJS.Timeout | undefined;

  function release(): boolean {
    if (held === undefined) return true;
    const bytes = Buffer.concat([...held, prelude.rest()]);
    held = undefined;
    clearTimeout(timer);
    return terminal.write(bytes);
  }

  function writeNow(text: string): void {
    if (text !== '') terminal.write(text);
  }

  return {
    pass(piece) {
      if (held === undefined) return terminal.write(piece);
      const { questions, settings, end } = prelude.feed(piece);
      held.push(settings);
      if (questions.length > 0) terminal.write(questions);
      if (end === undefined) return true;
      // The successor's frame ends the synchronized update, and a terminal that knows it draws nothing before.
      const isFrame = end === 'enters' && Buffer.concat(held).includes(FRAME_START);
      if (isFrame) held.unshift(FRAME_START);
      return release();
    },
    write(text) {
      if (held === undefined) return writeNow(text);
      held.push(prelude.rest(), Buffer.from(text));
      prelude = createPreludeReader();
    },
    writeNow,
    hold() {
      if (held !== undefined) return;
      held = [];
      prelude = createPreludeReader();
      timer = setTimeout(release, MOST_HELD_MS);
      timer.unref();
    },
    release: () => void release(),
  };
}

const FRAME_START = Buffer.from('\u001b[?2026h');
