import type { TuiSession } from './tui-session.ts';

/** A terminal that takes no byte for this long is stalled. */
const STALL_MS = 300;

/** Stops the whole job (Ctrl-Z), and continues it after `fg`. */
export async function suspendJob(session: TuiSession): Promise<void> {
  const { terminal } = session.parts;
  try {
    // The child's last output comes before the shell's prompt. A stalled terminal must not keep us from stopping.
    await flushFor(session, STALL_MS);
    await terminal.suspendJob();
    const child = session.observed?.child;
    child?.resize(terminal.size());
    child?.continueJob();
    // An unchanged size makes Codex draw nothing, and 0.150 may have drawn before it was stopped: its screen would be empty.
    child?.redraw();
    session.handlers.continued();
  } catch (error) {
    // The job cannot be continued any more, so it must not stay stopped for ever.
    session.observed?.child.signal('SIGTERM');
    session.fail(error);
  }
}

/** A slow terminal gets its time. After a signal the end does not wait for a stalled terminal. */
export function flushTerminal(session: TuiSession): Promise<void> {
  return session.isHurried ? flushFor(session, STALL_MS) : session.parts.terminal.flush();
}

function flushFor({ parts }: TuiSession, ms: number): Promise<void> {
  return Promise.race([
    parts.terminal.flush(),
    new Promise<void>((resume) => setTimeout(resume, ms)),
  ]);
}
