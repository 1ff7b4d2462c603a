import { describeError, NotStartedError } from '../../errors.ts';
import { tellResumeByHand } from '../../handoff/messages.ts';
import { createHandoffs } from '../../handoff/perform.ts';
import { threadInHandoff } from '../../handoff/session.ts';
import type { Ending } from '../../handoff/states.ts';
import { createTimers } from '../../handoff/timers.ts';
import { catchUncaught } from '../../state/uncaught-errors.ts';
import { relaySignals } from '../signals.ts';
import { createExecDriver } from './exec-driver.ts';
import type { ExecSession, ExecSessionParts } from './exec-session.ts';

/**
 * Runs a `codex exec` to its end. When a turn fails because of the account's limit, the work goes on under the next account,
 * in the same thread if there is one. Codex's output is unchanged, but for `--json`: there the children look like one run. We
 * add one line on stderr for each handoff.
 * @returns how the last child ended.
 * @throws NotStartedError when the first child could not be started.
 */
export function runExecSession(parts: ExecSessionParts): Promise<Ending> {
  return new Promise<Ending>((resolve, reject) => {
    const session = openSession(parts, {
      finish(ending, lines) {
        leave();
        for (const line of lines) parts.say(line);
        // After an error of ours the client has not got everything yet.
        const ends = [parts.output?.flush(), parts.lifeLine?.letGo()];
        void Promise.all(ends).then(() => resolve(ending));
      },
      giveUp(error) {
        leave();
        reject(new NotStartedError(error));
      },
    });
    const ends = [
      catchUncaught(session.fail),
      // The terminal sends Ctrl-C to the whole group, also to us. The child decides whether it ends. It has no successor.
      relaySignals(
        (signal, number) => {
          parts.output?.hurry();
          if (session.bug !== undefined) session.started?.child.signal(signal);
          else session.handoffs.dispatch({ name: 'signalled', signal, number });
        },
        parts.ignoresHangup ? 'SIGHUP' : undefined,
      ),
    ];
    const leave = () => {
      session.handoffs.abandon();
      for (const end of ends) end();
    };
    try {
      session.handoffs.begin();
    } catch (error) {
      session.giveUp(error);
    }
  });
}

function openSession(
  parts: ExecSessionParts,
  ends: Pick<ExecSession, 'finish' | 'giveUp'>,
): ExecSession {
  const session = {
    ...{ parts, ...ends, started: undefined, bug: undefined },
    fail: (error) => failSession(error, session),
  } as ExecSession;
  session.handoffs = createHandoffs({
    ...parts,
    ...{ timers: createTimers(session.fail), failed: session.fail },
    ...{ driver: createExecDriver(session), isInteractive: false },
  });
  return session;
}

/** After an error of ours the child that runs is the last child, and its record is not read. */
function failSession(error: unknown, session: ExecSession): void {
  const { parts, handoffs, started } = session;
  if (session.bug !== undefined) return;
  session.bug = describeError(error, parts.report).text;
  handoffs.abandon();
  if (started?.ending === undefined) return;
  const thread = threadInHandoff(handoffs.state());
  const byHand = thread === undefined ? [] : [tellResumeByHand(thread)];
  session.finish(started.ending, [...byHand, session.bug]);
}
