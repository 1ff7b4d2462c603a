import { bracketTypedText } from '../../codex/replayed-keys.ts';
import { NotStartedError } from '../../errors.ts';
import { createHandoffs } from '../../handoff/perform.ts';
import { isFree, isResuming } from '../../handoff/session.ts';
import type { Ending } from '../../handoff/states.ts';
import { createTimers } from '../../handoff/timers.ts';
import { createInputClassifier } from '../../observe/keys.ts';
import { toPlainText } from '../../plain-text.ts';
import { catchUncaught } from '../../state/uncaught-errors.ts';
import { catchErrors } from '../catch-errors.ts';
import { relaySignals } from '../signals.ts';
import { createEarlyHandoff } from './early-handoff.ts';
import { createHeldOutput } from './held-output.ts';
import { createInputGate, type InputGate } from './input-gate.ts';
import { createSessionClock } from './session-clock.ts';
import { failSession } from './session-failure.ts';
import { createTuiDriver } from './tui-driver.ts';
import type { EventHandlers, TuiSession, TuiSessionParts } from './tui-session.ts';
import { createWindowTitle } from './window-title.ts';

/**
 * Runs a session on the user's terminal to its end. The terminal is restored when this resolves.
 * @throws NotStartedError when the first child could not be started; the terminal is untouched then.
 */
export function runTuiSession(parts: TuiSessionParts): Promise<Ending> {
  const { terminal, relay = relaySignals, onUncaught = catchUncaught, tell = tellOnStderr } = parts;
  return new Promise<Ending>((resolve, reject) => {
    const session = openSession(parts, (ending, lines) => {
      leave();
      // In the background the shell has the terminal, and the user types at its prompt.
      if (!terminal.isAway()) for (const line of lines) tell(line);
      resolve(ending);
    });
    const ends = [
      relay((signal, number) => {
        session.isHurried = true;
        terminal.expectEnd();
        session.handlers.signalled(signal, number);
      }),
      onUncaught((error) => session.fail(error)),
    ];
    const leave = () => {
      session.stopObserving();
      for (const end of ends) end();
    };
    try {
      session.handoffs.begin();
    } catch (error) {
      if (session.observed === undefined) {
        leave();
        return reject(new NotStartedError(error));
      }
      session.fail(error);
    }
    terminal.onInput(catchErrors(session, (chunk) => session.handlers.input(chunk)));
    terminal.onDrain(() => session.observed?.child.drained());
    terminal.onResize((size) => session.observed?.child.resize(size));
    terminal.onHangup(catchErrors(session, () => session.handlers.hungUp()));
    terminal.enterRaw();
  });
}

function openSession(parts: TuiSessionParts, finish: TuiSession['finish']): TuiSession {
  const timers = createTimers((error) => session.fail(error));
  const session = {
    ...{ parts, timers, clock: createSessionClock(), finish },
    output: createHeldOutput(parts.terminal),
    title: createWindowTitle(parts.title, () => parts.accounts.target),
    ...{ observed: undefined, stoppedWatch: undefined, isHurried: false, isBroken: false },
    fail: (error) => failSession(error, session),
    stopObserving() {
      timers.cancel();
      for (const stop of [session.handoffs.abandon, () => session.observed?.watch?.close()]) {
        try {
          stop();
        } catch {
          // This part may be the origin of the error.
        }
      }
    },
  } as TuiSession;
  session.gate = openGate(session);
  session.handoffs = createHandoffs({
    ...parts,
    ...{ timers, failed: session.fail, driver: createTuiDriver(session), isInteractive: true },
  });
  session.earlyHandoff = createEarlyHandoff({
    timers,
    isFree: () => isFree(session.handoffs.state()) && session.gate.isBlank(),
    presses: session.gate.presses,
    isResting: async () => (await session.observed?.watch?.isResting()) ?? false,
    move: (roomier) => session.handoffs.dispatch({ name: 'running-low', ...roomier }),
  });
  session.handlers = handleEvents(session);
  return session;
}

function openGate(session: TuiSession): InputGate {
  const child = () => session.observed?.child;
  return createInputGate({
    deliver: (bytes) => child()?.deliver(bytes),
    deliverHeld(keys) {
      const replayed = child()?.takesPastes() ? bracketTypedText(keys) : keys;
      child()?.deliver(Buffer.from(replayed, 'latin1'));
    },
    classifier: createInputClassifier(),
    dialogSince: () => child()?.dialogSince(),
    isTurnRunning: () => session.observed?.watch?.isTurnRunning() === true,
    takesAnswers: () => isResuming(session.handoffs.state()),
    now: session.clock.now,
    ticks: () => performance.now(),
    after: session.timers.after,
  });
}

/** Input, signals, stops and the end of the child are events of the session. */
function handleEvents(session: TuiSession): EventHandlers {
  const { handoffs, gate, parts } = session;
  return {
    input: gate.feed,
    signalled: (signal, number) => handoffs.dispatch({ name: 'signalled', signal, number }),
    hungUp: () => handoffs.dispatch({ name: 'hung-up' }),
    stopped: () => handoffs.dispatch({ name: 'child-stopped' }),
    continued: () => handoffs.dispatch({ name: 'child-continued' }),
    ended(ending) {
      const { observed } = session;
      // A child that has lost its link has logged its account out at its start. It would log out the next account, too.
      const cause = parts.accounts.hasLostLink() ? undefined : observed?.arrival.refusal();
      observed?.watch?.close();
      if (observed !== undefined) observed.watch = undefined;
      handoffs.dispatch({ name: 'child-ended', ending, ...(cause && { cause }) });
    },
  };
}

function tellOnStderr(line: string): void {
  process.stderr.write(`${toPlainText(line)}\n`);
}
