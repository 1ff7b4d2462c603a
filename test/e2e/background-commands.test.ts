import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import type { ToolCall } from '../lab/backend/index.ts';
import { ask } from '../lab/composer.ts';
import { waitForOurLine } from '../lab/our-lines.ts';
import { createSupervisedLab } from '../lab/supervised.ts';

// A command that Codex runs in the background ends with it at a handoff: nobody has to find that out.

// Codex has other children, too, which are no commands of the model's.
const MCP_SERVER = fileURLToPath(new URL('../fixtures/bin/mcp-stand-in', import.meta.url));

const { openLab, close } = createSupervisedLab();
afterEach(close);

it('a dev server that ends at a handoff: the line names it, and the resumed thread is told', async () => {
  const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
  const calls: ToolCall[] = [{ kind: 'shell', command: 'sleep 600', yieldMs: 500 }];
  backend.enqueue([{ calls, text: ['starting it'] }, { text: ['it runs'] }], 'acc1');
  const terminal = hotswap.open([
    '--dangerously-bypass-approvals-and-sandbox',
    ...['-c', `mcp_servers.mine.command=${JSON.stringify(MCP_SERVER)}`],
  ]);
  await ask(terminal, 'start the server');
  await terminal.waitForText('it runs');
  await terminal.submit('go on');
  await waitForOurLine(terminal, /; this ended 1 background command \(sleep\)$/);
  const resumed = await backend.waitForRequest(
    ({ account, turn }) => account === 'acc2' && (turn?.userTexts.length ?? 0) > 0,
  );
  expect(resumed.turn?.userTexts.at(-1)).toBe(
    'continue\n\nThe session was restarted, which ended 1 background command that you had running; start again what is still needed.',
  );
  await terminal.waitForText(/answer \d from acc2/);
});
