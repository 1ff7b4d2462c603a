import { listBackgroundCommands } from '../../codex/background-commands.ts';
import type { Driver } from '../../handoff/driver.ts';
import type { EffectOf, StartEffect } from '../../handoff/effects.ts';
import type { Finding, Source } from '../../handoff/events.ts';
import { sessionOf } from '../../handoff/session.ts';
import { toPlainText } from '../../plain-text.ts';
import { flushTerminal, suspendJob } from './job-control.ts';
import { startObservedChild } from './observed-child.ts';
import type { TuiSession } from './tui-session.ts';

const ERASE_BELOW = '\u001b[J';

/** Carries out the effects of a handoff on the child and the terminal of a session. */
export function createTuiDriver(session: TuiSession): Driver {
  const { parts, gate, title, output } = session;
  const { terminal, alert, listCommands = listBackgroundCommands } = parts;
  const child = () => session.observed?.child;

  /** No child lives, so the line cuts no sequence in two. The composer of the last child is below the cursor. */
  function tell(line: string, isUrgent: boolean): void {
    output.write(`\r\n${ERASE_BELOW}${toPlainText(line)}\r\n`);
    if (isUrgent) output.writeNow(alert(line));
  }

  function setTitle({ note, alert: line }: EffectOf<'set-title'>): void {
    title.setNote(note);
    const alerted = line === undefined ? '' : alert(line);
    child()?.interject(() => title.show() + alerted);
  }

  function undoModes(before: 'successor' | 'end'): void {
    if (before === 'successor' && child()?.isFullScreen()) {
      output.write(child()?.undoModes('successor', true) ?? '');
      output.hold();
    }
    output.write(child()?.undoModes(before) ?? '');
    if (before === 'end') output.write(title.clear());
  }

  return {
    perform(effect) {
      switch (effect.do) {
        case 'start':
          return startChild(effect, session);
        case 'hold-input':
          return gate.hold();
        case 'release-input':
          return gate.release();
        case 'suspend-ourselves':
          return void suspendJob(session);
        case 'undo-modes':
          return undoModes(effect.before);
        case 'tell':
          return tell(effect.line, effect.isUrgent);
        case 'set-title':
          return setTitle(effect);
        case 'restore-terminal':
          return terminal.restore();
        case 'exit':
          return session.finish(effect.ending, effect.lines);
        case 'release-output':
          return; // for a command
        default:
          effect satisfies never;
      }
    },
    seekProof: (source) => seekProof(session, source),
    async planResume(thread, prompt) {
      await keepUnsentInput(session);
      return parts.resumePlan(thread, prompt);
    },
    async planAgain() {
      await keepUnsentInput(session);
      return parts.againPlan();
    },
    stopChild() {
      const { pid } = child() ?? {};
      session.stoppedWatch = session.observed?.watch;
      const names = pid === undefined ? [] : listCommands(pid);
      const agents = session.observed?.watch?.runningAgents() ?? [];
      child()?.signal('SIGTERM');
      return { names, agents };
    },
    signalChild: (signal) => child()?.signal(signal),
    keepUnsentInput: () => gate.keepUnsentInput(undefined),
    onNextKey: gate.onNextKey,
    flush: () => flushTerminal(session),
  };
}

function startChild(start: StartEffect, session: TuiSession): void {
  const previous = session.observed;
  if (previous !== undefined) showTitle(session);
  try {
    startObservedChild(start, session);
  } catch (error) {
    if (previous === undefined || session.observed !== previous) throw error;
    session.handoffs.dispatch({ name: 'start-failed', reason: (error as Error).message });
  }
}

/** The title of the child before has the account that ran. */
function showTitle({ title, output, handoffs }: TuiSession): void {
  title.setNote(sessionOf(handoffs.state())?.exhausted?.note ?? '');
  output.writeNow(title.show());
}

/** Input that the child before has and its thread does not have goes to the successor. */
async function keepUnsentInput(session: TuiSession): Promise<void> {
  session.gate.keepUnsentInput(await session.stoppedWatch?.readRecord());
  session.stoppedWatch = undefined;
}

/** Seeks proof of a limit or of a refused turn in the record of the child that runs. */
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
