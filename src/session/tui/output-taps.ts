import { classifyLimitText } from '../../codex/limits.ts';
import { mayAskToSignIn, type Refusal, readRefusal } from '../../codex/refusals.ts';
import { createEchoSensor } from '../../observe/echo.ts';
import { createErrorCellScanner } from '../../observe/error-cell.ts';
import { createFrameSensor } from '../../observe/frames.ts';
import { createModeTracker } from '../../observe/modes.ts';
import { createTurnStateScanner, type TurnState } from '../../observe/osc-state.ts';
import { createRecentText } from '../../observe/recent-text.ts';

/** A hint in the output that the structured record should be looked at. */
export type Sign =
  | { source: 'text'; text: string }
  /** OSC 7501 (fact 79). */
  | { source: 'state'; state: TurnState };

export interface OutputTaps {
  feed(chunk: Buffer): void;
  /** What undoes the modes that are left set, and is taken for written then. */
  undoModes(before: 'successor' | 'end'): string;
  /** Bracketed paste is on. */
  takesPastes(): boolean;
  /** A dialog has the keys: since when, in milliseconds of `performance.now`. Undefined when the composer has them. */
  dialogSince(): number | undefined;
  /** The output so far ends with a whole frame: what is said now cuts nothing in two. */
  betweenFrames(): boolean;
  /** Calls back when a text has been drawn that is about to be, because of what is typed now. */
  awaitEcho(text: string, seen: () => void): void;
  /** No longer. */
  forgetEcho(): void;
  /** Why a start was refused, as far as the output says. Asked before the first turn only. */
  refusal(): Refusal | undefined;
  /** It may stand in its sign-in screen, as far as the output says. Asked before the first thread only. */
  asksToSignIn(): boolean;
}

/**
 * The observers of one child's output. Any of them may throw; it is dropped then and the session goes on.
 * @param hasPastes the child before has left bracketed paste on.
 */
export function createOutputTaps(
  on: { drawn(): void; sign(sign: Sign): void },
  hasPastes: boolean,
): OutputTaps {
  const modes = createModeTracker();
  if (hasPastes) modes.feed(Buffer.from(PASTES_ON));
  const recent = createRecentText();
  const cells = createErrorCellScanner(({ text }) => {
    const kind = classifyLimitText(text)?.kind;
    if (kind === undefined || kind === 'not-a-limit' || kind === 'info') return;
    on.sign({ source: 'text', text });
  });
  const states = createTurnStateScanner((state) => on.sign({ source: 'state', state }));
  const frames = createFrameSensor(on.drawn);
  const echo = createEchoSensor();
  const observers = new Set([modes, recent, frames, states, cells, echo]);
  let dialogSince: number | undefined;

  return {
    feed(chunk) {
      for (const observer of observers) {
        try {
          observer.feed(chunk);
        } catch {
          observers.delete(observer);
        }
      }
      dialogSince = modes.isSet(CURSOR) ? undefined : (dialogSince ?? performance.now());
    },
    undoModes(before) {
      // A paste between two children must not come as keys: every Codex asks for the mode again.
      const keeps = before === 'successor' && modes.wasSet(BRACKETED_PASTE);
      const isOff = keeps && !modes.isSet(BRACKETED_PASTE);
      const undone = modes.undo(keeps ? BRACKETED_PASTE : undefined) + (isOff ? PASTES_ON : '');
      modes.feed(Buffer.from(undone));
      return undone;
    },
    takesPastes: () => modes.isSet(BRACKETED_PASTE),
    dialogSince: () => dialogSince,
    betweenFrames: frames.ended,
    awaitEcho: echo.await,
    forgetEcho: echo.forget,
    refusal: () => readRefusal(recent.text()),
    asksToSignIn: () => mayAskToSignIn(recent.text()),
  };
}

const BRACKETED_PASTE = 2004;
const PASTES_ON = '\u001b[?2004h';
/**
 * Codex shows the cursor in its composer, while a turn runs and before it has opened a thread, too, and hides it for
 * whatever else takes the keys: "Hooks need review", "Approaching rate limits", requests to a workspace's owner
 * (fact 82; but for some 2 ms inside a frame).
 */
const CURSOR = 25;
