import { EDIT_LAST_QUEUED, QUEUE_TITLE } from '../../codex/prompt-queue.ts';
import type { Timers } from '../../handoff/timers.ts';

/** Sees to it that a successor begins the turn it was started for. */
export interface PromptGuard {
  /** The successor has opened its thread. */
  bound(): void;
  /** A turn of the successor is in the record. Called before the user's keys reach the successor. */
  recorded(): void;
}

export interface PromptGuardParts {
  prompt: string;
  timers: Timers;
  /** The successor does not announce that it works, no dialog is open, and its composer has no text of the user. */
  isIdle(): boolean;
  /** The successor has announced once that it works. */
  hasWorked(): boolean;
  /** Reads the successor's record, and calls `recorded` if that has a turn. False: the successor has ended. */
  readRecord(): Promise<boolean>;
  /** A dialog is open. The user may take as long as they want. */
  isAsking(): boolean;
  /** The successor announces that it works. It does so without a turn, too, until every MCP server has answered (fact 86). */
  isWorking(): boolean;
  /** Hands keys to the successor. */
  type(keys: string): void;
  /** Calls back when the text is drawn. */
  awaitEcho(text: string, seen: () => void): void;
  /** Calls back no more. */
  forgetEcho(): void;
}

/** A resume that went well has its turn in the record some 100 ms after its thread is open. */
const LOST_MS = 2000;
const PATIENCE = 5;
/** A successor that has not announced that it works may just be slow: so many checks type nothing. */
const SLOW_CHECKS = 2;
/** A lost prompt is typed at the latest so long after the thread was opened. */
export const TYPED_MS = (SLOW_CHECKS + 1) * LOST_MS;
/** The echo may be part of a frame that opens a dialog, and a dialog may have the same word. So Enter waits this long. */
export const SETTLE_MS = 50;
/** Codex may take so long to say that a prompt was queued. The user's keys wait meanwhile. */
const QUEUED_MS = 1000;

/**
 * Codex asks for the account's usage when it resumes a thread that ended at a limit (fact 85). It holds every prompt back
 * until that is answered, 15 s at most. In some 1 of 100 starts it loses the prompt of `resume <id> <prompt>` then. It has
 * announced `working` and `idle` (on a busy machine not even that), and no turn is in the record. The conversation would
 * stand still, so the prompt is typed.
 * Enter follows only when the prompt is seen in the composer: if a dialog is open instead, we must not answer it. If Codex
 * queues the typed prompt, the first prompt is not lost but held, and the typed one would follow it: it is taken back.
 */
export function guardPrompt(parts: PromptGuardParts): PromptGuard {
  const { prompt, timers, isIdle, hasWorked, readRecord, isAsking, isWorking, type } = parts;
  const { awaitEcho, forgetEcho } = parts;
  let isRecorded = false;
  /** Our text is in the composer, or on its way there. */
  let isTyped = false;

  async function retypeIfLost(left: number): Promise<void> {
    // A short turn may have begun and ended since the record was read last.
    if (!(await readRecord()) || isRecorded || left === 0) return;
    const again = () => void retypeIfLost(isAsking() || isWorking() ? left : left - 1);
    const isSlow = !hasWorked() && left > PATIENCE - SLOW_CHECKS;
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

  /** Codex has the first prompt after all. The user's next prompt must not begin with our text. */
  function erase(): void {
    isTyped = false;
    type(BACKSPACE.repeat([...prompt].length));
  }

  return {
    bound() {
      if (prompt !== '') timers.after(LOST_MS, () => void retypeIfLost(PATIENCE));
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
