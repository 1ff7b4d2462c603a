import { EDIT_LAST_QUEUED, QUEUE_TITLE } from '../../codex/prompt-queue.ts';
import type { Timers } from '../../handoff/timers.ts';

/** Sees to it that a successor begins the turn it was started for. */
export interface PromptGuard {
  /** It has opened its thread. */
  bound(): void;
  /** A turn of its own is in the record; to be told before the user's keys reach it. */
  recorded(): void;
}

export interface PromptGuardParts {
  prompt: string;
  timers: Timers;
  /** It does not say that it works, no dialog is open, and the user has typed nothing that waits in its composer. */
  isIdle(): boolean;
  /** It has said that it works. */
  hasWorked(): boolean;
  /** Reads what its record has by now; `recorded` is told of a turn there. False: it has ended. */
  readRecord(): Promise<boolean>;
  /** A dialog is open, however long the user takes. */
  isAsking(): boolean;
  /**
   * It says that it works. It says so without a turn, too, for as long as an MCP server has not answered (fact 86).
   */
  isWorking(): boolean;
  /** Hands keys to it. */
  type(keys: string): void;
  /** Calls back when a text is drawn. */
  awaitEcho(text: string, seen: () => void): void;
  /** No longer. */
  forgetEcho(): void;
}

/** A resume that went well has its turn in the record some 100 ms after its thread is open. */
const LOST_MS = 2000;
const PATIENCE = 5;
/** A successor that has not said that it works may just be slow: for so many looks nothing is typed. */
const SLOW_LOOKS = 2;
/** When a prompt is typed at the latest, after the thread was opened, if it is. */
export const TYPED_MS = (SLOW_LOOKS + 1) * LOST_MS;
/** The echo may be in the middle of a frame that opens a dialog; and a dialog may say the same word. */
export const SETTLE_MS = 50;
/** How long Codex may take to say that a prompt was queued; meanwhile the user's keys wait. */
const QUEUED_MS = 1000;

/**
 * A thread that ended at a limit makes Codex ask for the account's usage when it is resumed (fact 85), and hold every prompt
 * back until that is answered, 15 s at most. In some 1 of 100 starts it forgets the one of `resume <id> <prompt>` then: it
 * has announced `working` and `idle` again, or on a busy machine not even that, and no turn is in the record. The
 * conversation would stand still, so the prompt is typed.
 * Enter follows only when the prompt is seen in the composer: a dialog that is open instead must not be answered by us.
 * If Codex queues it, the other is not forgotten but held, and would be followed by ours: it is taken back.
 */
export function guardPrompt(parts: PromptGuardParts): PromptGuard {
  const { prompt, timers, isIdle, hasWorked, readRecord, isAsking, isWorking, type } = parts;
  const { awaitEcho, forgetEcho } = parts;
  let isRecorded = false;
  /** Our text stands in the composer, or is on its way there. */
  let isTyped = false;

  async function check(left: number): Promise<void> {
    // A short turn may have come and gone, and nobody have looked since.
    if (!(await readRecord()) || isRecorded || left === 0) return;
    const isSlow = !hasWorked() && left > PATIENCE - SLOW_LOOKS;
    if (isSlow || !isIdle())
      return timers.after(LOST_MS, () => void check(isAsking() || isWorking() ? left : left - 1));
    awaitEcho(prompt, () => timers.after(SETTLE_MS, () => void send()));
    isTyped = true;
    type(`\u001b[200~${prompt}\u001b[201~`);
  }

  async function send(): Promise<void> {
    if (!(await readRecord()) || isRecorded || !isIdle()) return;
    isTyped = false;
    awaitEcho(QUEUE_TITLE, takeBack);
    timers.after(QUEUED_MS, () => isRecorded || forgetEcho());
    type('\r');
  }

  function takeBack(): void {
    type(EDIT_LAST_QUEUED);
    erase();
  }

  /** Codex has found the prompt after all: the user's next one must not begin with it. */
  function erase(): void {
    isTyped = false;
    type(BACKSPACE.repeat([...prompt].length));
  }

  return {
    bound() {
      if (prompt !== '') timers.after(LOST_MS, () => void check(PATIENCE));
    },
    recorded() {
      if (isRecorded) return;
      isRecorded = true;
      // From here on it is the user who queues.
      forgetEcho();
      if (isTyped) erase();
    },
  };
}

const BACKSPACE = '\u007f';
