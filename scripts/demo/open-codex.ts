import { type OuterTerminal, openOuterTerminal } from '../../test/lab/outer-terminal.ts';
import type { Stage } from './stage.ts';

/** Types `codex` in a virtual terminal on the stage; it is ended when the stage closes. */
export function openCodex(
  { box, onClose }: Stage,
  size: { columns: number; rows: number },
): OuterTerminal {
  const terminal = openOuterTerminal({
    file: '/usr/bin/env',
    args: ['codex'],
    env: box.env,
    cwd: box.work,
    ...size,
  });
  onClose(async () => {
    terminal.signal('SIGTERM'); // the supervisor ends Codex, too
    await terminal.waitForExit({ timeoutMs: 5000 }).catch(() => {});
    await terminal.dispose();
  });
  return terminal;
}
