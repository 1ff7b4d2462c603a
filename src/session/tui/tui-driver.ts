import { listBackgroundCommands } from '../../codex/background-commands.ts';
import type { Driver } from '../../handoff/driver.ts';
import type { Finding, Source } from '../../handoff/events.ts';
import { toPlainText } from '../../plain-text.ts';
import { flushTerminal, suspendJob } from './job-control.ts';
import { startObservedChild } from './observed-child.ts';
import type { TuiSession } from './tui-session.ts';

const ERASE_BELOW = '\u001b[J';

/** Carries out the effects of a handoff on the child and the terminal of a session. */
export function createTuiDriver(session: TuiSession): Driver {
  const { parts, gate } = session;
  const { terminal, alert, listCommands = listBackgroundCommands } = parts;
  const child = () => session.observed?.child;

  return {
    startChild(start) {
      const previous = session.observed;
      try {
        startObservedChild(start, session);
      } catch (error) {
        if (previous === undefined || session.observed !== previous) throw error;
        session.handoffs.dispatch({ name: 'start-failed', reason: (error as Error).message });
      }
    },
    seekProof: (source) => seekProof(session, source),
    async planResume(thread, prompt) {
      await keepUnsentInput(session);
      return parts.resumePlan(thread, prompt);
    },
    async planAgain() {
      await keepUnsentInput(session);
      return parts.firstPlan;
    },
    recordThread: (thread, copyOf) =>
      parts.noteThread({ ...thread, ...(copyOf === undefined ? {} : { copyOf }) }),
    stopChild() {
      const { pid } = child() ?? {};
      session.leaving = session.observed?.watch;
      const names = pid === undefined ? [] : listCommands(pid);
      child()?.signal('SIGTERM');
      return names;
    },
    signalChild: (signal) => child()?.signal(signal),
    suspend: () => void suspendJob(session),
    holdInput: gate.hold,
    releaseInput: gate.release,
    keepUnsentInput: () => gate.keepDraft(undefined),
    onNextKey: gate.onNextKey,
    undoModes: (before) => void terminal.write(child()?.undoModes(before) ?? ''),
    tell(line, isUrgent) {
      // No child lives, so no sequence is cut in two. The composer of the last child is still below the cursor.
      const bell = isUrgent ? alert(line) : '';
      terminal.write(`\r\n${ERASE_BELOW}${toPlainText(line)}\r\n${bell}`);
    },
    setTitle: (title, line) =>
      child()?.interject(`${title}${line === undefined ? '' : alert(line)}`),
    flush: () => flushTerminal(session),
    restoreTerminal: terminal.restore,
    exit: session.finish,
  };
}

/** Input that the child before has, and its thread has not, goes to the successor. */
async function keepUnsentInput(session: TuiSession): Promise<void> {
  session.gate.keepDraft(await session.leaving?.readRecord());
  session.leaving = undefined;
}

/** Seeks proof, of a limit or of a refused turn, in the record of the child that runs. */
async function seekProof(session: TuiSession, source: Source): Promise<Finding | undefined> {
  const asked = session.observed?.watch;
  const found = await asked?.seek().catch(() => undefined);
  if (asked === undefined || asked !== session.observed?.watch) return undefined;
  const { proof, refused } = found ?? {};
  if (refused !== undefined && proof === undefined) {
    return { name: 'reasoning-refused', ...refused, source };
  }
  if (proof === undefined) return { name: 'not-proved', source };
  const { thread, isIdle = false, ...limit } = proof;
  return { name: 'proved', proof: limit, thread, isIdle };
}
