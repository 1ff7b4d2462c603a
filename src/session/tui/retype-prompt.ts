import { EDIT_LAST_QUEUED, QUEUE_TITLE } from '../../codex/prompt-queue.ts';
import type { Timers } from '../../handoff/timers.ts';

/** Makes sure that a successor begins the turn of its start prompt. */
export interface PromptGuard {
  /** The successor has opened its thread. */
  bound(): void;
  /** A turn of the successor is in the record. Call it before the user's keys reach the successor. */
  recorded(): void;
}

export interface PromptGuardParts {
  prompt: string;
  timers: Timers;
  /** The successor does not announce work, no dialog is open, and its composer has no text of the user. */
  isIdle(): boolean;
  /** The successor has announced once that it works. */
  hasWorked(): boolean;
  /** Reads the successor's record, and calls `recorded` if it has a turn. False: the successor has ended. */
  readRecord(): Promise<boolean>;
  /** A dialog is open. The user may answer it at any time. */
  isAsking(): boolean;
  /** The successor announces that it works. It also does so without a turn, until every MCP server has answered (fact 86). */
  isWorking(): boolean;
  /** Hands keys to the successor. */
  type(keys: string): void;
  /** Calls back when the text is drawn. */
  awaitEcho(text: string, seen: () => void): void;
  /** Ends `awaitEcho`. */
  forgetEcho(): void;
}

/** A successful resume has its turn in the record some 100 ms after its thread is open. */
const LOST_MS = 2000;
const MOST_CHECKS = 5;
/** A successor that has announced no work may be slow. So many checks type nothing then. */
const SLOW_CHECKS = 2;
/** A lost prompt is typed within this time after the thread was opened. */
export const TYPED_MS = (SLOW_CHECKS + 1) * LOST_MS;
/** The frame of the echo may also open a dialog, and a dialog may have the same word. So Enter waits this long. */
export const SETTLE_MS = 50;
/** Codex may need so long to show that a prompt was queued. The user's keys wait for that. */
const QUEUED_MS = 1000;

/**
 * Codex asks for the account's usage when it resumes a thread that ended at a limit (fact 85). It holds every prompt back
 * until the service answers, 15 s at most. In some 1 of 100 starts it then loses the prompt of `resume <id> <prompt>`. It has
 * announced `working` and `idle` (on a busy machine neither), and no turn is in the record. The conversation would stand
 * still, so we type the prompt.
 * Enter follows only when the prompt is seen in the composer: we must not answer a dialog. If Codex queues the typed prompt,
 * Codex still holds the first prompt, so the typed prompt is taken back.
 */
export function guardPrompt(parts: PromptGuardParts): PromptGuard {
  const { prompt, timers, isIdle, hasWorked, readRecord, isAsking, isWorking, type } = parts;
  const { awaitEcho, forgetEcho } = parts;
  let isRecorded = false;
  /** Our text is in the composer, or on its way there. */
  let isTyped = false;

  async function retypeIfLost(left: number): Promise<void> {
    // A short turn may have begun and ended since the last reading of the record.
    if (!(await readRecord()) || isRecorded || left === 0) return;
    const again = () => void retypeIfLost(isAsking() || isWorking() ? left : left - 1);
    const isSlow = !hasWorked() && left > MOST_CHECKS - SLOW_CHECKS;
    if (isSlow || !isIdle()) return timers.after(LOST_MS, again);
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

  /** Codex has the first prompt. The user's next prompt must not begin with our text. */
  function erase(): void {
    isTyped = false;
    type(BACKSPACE.repeat([...prompt].length));
  }

  return {
    bound() {
      if (prompt !== '') timers.after(LOST_MS, () => void retypeIfLost(MOST_CHECKS));
    },
    recorded() {
      if (isRecorded) return;
      isRecorded = true;
      // A prompt that is queued from now on is the user's.
      forgetEcho();
      if (isTyped) erase();
    },
  };
}

const BACKSPACE = '\u007f';
