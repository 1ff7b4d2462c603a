import { classifyLimitText } from '../../codex/limits.ts';
import { mayAskToSignIn, readRefusal, type StartRefusal } from '../../codex/refusals.ts';
import { createEchoSensor } from '../../observe/echo.ts';
import { createErrorCellScanner } from '../../observe/error-cell.ts';
import { createFrameSensor } from '../../observe/frames.ts';
import { createModeTracker } from '../../observe/modes.ts';
import { createTurnStateScanner, type TurnState } from '../../observe/osc-state.ts';
import { createRecentText } from '../../observe/recent-text.ts';

/** A sign in the output that the record should be read. */
export type Sign =
  | { source: 'text'; text: string }
  /** OSC 7501 (fact 79). */
  | { source: 'state'; state: TurnState };

export interface OutputTaps {
  feed(chunk: Buffer): void;
  /**
   * The sequences that undo the terminal modes that the child has set. Before a successor, bracketed paste stays on. The caller
   * must write them.
   * @param staysOnScreen leaves out the alternate screen, and what belongs to the screen below it.
   */
  undoModes(before: 'successor' | 'end', staysOnScreen?: boolean): string;
  /** The child has drawn its first frame on the alternate screen, and is there now: its successor will do the same. */
  isFullScreen(): boolean;
  /** Bracketed paste is on. */
  takesPastes(): boolean;
  /** Since when a dialog has the keys, in milliseconds of `performance.now`. Undefined when the composer has them. */
  dialogSince(): number | undefined;
  /** The output so far ends with a whole frame, so other output cuts no frame in two. */
  betweenFrames(): boolean;
  /** Calls back when the text has been drawn, as the echo of keys that are typed now. */
  awaitEcho(text: string, seen: () => void): void;
  /** Ends `awaitEcho`. */
  forgetEcho(): void;
  /** Why the child could not resume its thread, if its output tells. Valid before its first turn only. */
  refusal(): StartRefusal | undefined;
  /** The child may show its sign-in screen. Valid before its first thread only. */
  asksToSignIn(): boolean;
}

/**
 * The observers of one child's output. An observer that throws is dropped, and the session goes on.
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
  const frames = createFrameSensor(() => {
    beganOnAlternate = isOnAlternate();
    on.drawn();
  });
  let beganOnAlternate = false;
  const isOnAlternate = () => ALTERNATE_SCREENS.some((mode) => modes.isSet(mode));
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
    undoModes(before, staysOnScreen = false) {
      // Without the mode a paste between two children would come as keys. Every Codex sets the mode again.
      const keeps = before === 'successor' && modes.wasSet(BRACKETED_PASTE);
      const isOff = keeps && !modes.isSet(BRACKETED_PASTE);
      const undone =
        modes.undo({ kept: keeps ? BRACKETED_PASTE : undefined, staysOnScreen }) +
        (isOff ? PASTES_ON : '');
      modes.feed(Buffer.from(undone));
      return undone;
    },
    isFullScreen: () => beganOnAlternate && isOnAlternate(),
    takesPastes: () => modes.isSet(BRACKETED_PASTE),
    dialogSince: () => dialogSince,
    betweenFrames: frames.ended,
    awaitEcho: echo.await,
    forgetEcho: echo.forget,
    refusal: () => readRefusal(recent.text()),
    asksToSignIn: () => mayAskToSignIn(recent.text()),
  };
}

const ALTERNATE_SCREENS = [47, 1047, 1049];
const BRACKETED_PASTE = 2004;
const PASTES_ON = '\u001b[?2004h';
/**
 * Codex shows the cursor in its composer, also while a turn runs and before it has opened a thread. It hides the cursor for
 * a dialog: "Hooks need review", "Approaching rate limits", requests to a workspace's owner. It also hides the cursor for
 * some 2 ms inside a frame (fact 82).
 */
const CURSOR = 25;
