import type { TuiSession } from './tui-session.ts';

/** A terminal that takes no byte for this long is stalled. */
const STALL_MS = 300;

/** Stops the whole job (Ctrl-Z), and continues it after `fg`. */
export async function suspendJob(session: TuiSession): Promise<void> {
  const { terminal } = session.parts;
  try {
    // The child's last output must come before the shell's prompt. But a stalled terminal must not keep us from stopping.
    await flushFor(session, STALL_MS);
    await terminal.suspendJob();
    const child = session.observed?.child;
    child?.resize(terminal.size());
    child?.continueJob();
    // Codex draws nothing at an unchanged size. 0.150 may have drawn before it was stopped, and its screen would be empty.
    child?.redraw();
    // The shell may have set a title of its own. Codex does not set its title again.
    child?.interject(session.title.show);
    session.handlers.continued();
  } catch (error) {
    // The job cannot be continued any more, so it must not stay stopped for ever.
    session.observed?.child.signal('SIGTERM');
    session.fail(error);
  }
}

/** Waits for a slow terminal. After a signal it does not wait for a stalled terminal. */
export function flushTerminal(session: TuiSession): Promise<void> {
  return session.isHurried ? flushFor(session, STALL_MS) : flush(session);
}

function flushFor(session: TuiSession, ms: number): Promise<void> {
  return Promise.race([flush(session), new Promise<void>((resume) => setTimeout(resume, ms))]);
}

function flush({ parts, output }: TuiSession): Promise<void> {
  output.release();
  return parts.terminal.flush();
}
