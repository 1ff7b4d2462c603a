import type { Backend } from '../../test/lab/backend/index.ts';
import type { CodexUnderTest } from '../../test/lab/codex-under-test.ts';
import { ask, waitForComposer } from '../../test/lab/composer.ts';
import { openOuterTerminal } from '../../test/lab/outer-terminal.ts';
import type { Sandbox } from '../../test/lab/sandbox.ts';
import { listEntries } from './home.ts';

/**
 * Runs one `codex exec` with a tool call, and one short session in a terminal, under the account of the sandbox.
 * @returns the entries of its CODEX_HOME, also those that exist only while a session runs.
 * @throws Error when a session fails.
 */
export async function runSessions(
  codex: CodexUnderTest,
  backend: Backend,
  box: Sandbox,
): Promise<string[]> {
  backend.enqueue([{ calls: [{ kind: 'shell', command: 'echo news' }] }]);
  const { status, stderr } = await box.run(codex.native, ['exec', 'run a command']);
  if (status !== 0) throw new Error(`codex exec ended with ${status}: ${stderr.slice(-300)}`);
  const terminal = openOuterTerminal({
    file: codex.native,
    args: codex.hasNoDaemon ? ['--no-daemon'] : [],
    env: box.env,
    cwd: box.work,
    columns: 100,
    rows: 30,
  });
  try {
    await ask(terminal, 'a question');
    await terminal.waitForText(/answer \d+ from/);
    // The model's own title may come late or never, and it makes files. So we set a title, and wait until it is shown.
    await ask(terminal, '/rename news');
    await terminal.waitForText(/renamed to news|· news/);
    await waitForComposer(terminal);
    const during = listEntries(box.codexHome);
    await terminal.submit('/quit');
    await terminal.waitForExit();
    return [...during, ...listEntries(box.codexHome)];
  } finally {
    await terminal.dispose();
  }
}
