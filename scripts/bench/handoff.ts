import { ask } from '../../test/lab/composer.ts';
import { openOuterTerminal } from '../../test/lab/outer-terminal.ts';
import { addedMs, alternate, median, ms } from './measure.ts';
import { type Row, verdictOf } from './table.ts';
import type { Bench, Workshop } from './workshop.ts';

const PAIRS = 7;
const BUDGET_MS = 1200;

/** The time from the 429 to the first turn of the next account. The rival is Codex's own `resume`, the least it can take. */
export async function bench(workshop: Workshop): Promise<Row[]> {
  const bench = await workshop.openBench({
    accounts: [{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }],
  });
  let thread = '';
  const handOff = async () => {
    const { milliseconds, threadId } = await timeHandoff(bench);
    thread = threadId;
    return milliseconds;
  };
  const resumeOnce = () => timeResume(bench, workshop.nativeCodex, thread);
  // In some starts Codex loses its prompt (fact 85): such a start has no time.
  const resume = () => resumeOnce().catch(resumeOnce);
  await handOff(); // makes the thread
  const { ours, rival, ratio } = await alternate(PAIRS, handOff, resume);
  return [
    {
      what: 'handoff: 429 to the next account’s turn',
      ours: ms(median(ours)),
      rival: `${ms(median(rival))} codex resume`,
      ratio: `${ratio.toFixed(2)} ×, ${addedMs(median(ours) - median(rival))}`,
      budget: `≤ ${BUDGET_MS} ms`,
      verdict: verdictOf(median(ours) <= BUDGET_MS),
    },
  ];
}

async function timeHandoff({ box, backend, shim, hotswap }: Bench) {
  backend.account('acc1').turnsLeft = 1;
  await hotswap('reset');
  await hotswap('use', 'acc1');
  const from = backend.requests.length;
  const terminal = openOuterTerminal({ file: shim, env: box.env, cwd: box.work });
  try {
    await ask(terminal, 'the first prompt');
    await terminal.waitForText(/from acc1/);
    await ask(terminal, 'the second prompt');
    const refused = await backend.waitForRequest(({ outcome }) => outcome?.kind === 'failed', {
      from,
    });
    const next = await backend.waitForRequest(
      ({ account, turn }) => account === 'acc2' && turn?.purpose === 'turn',
      { from },
    );
    await terminal.waitForText(/from acc2/);
    return {
      milliseconds: next.at - (refused.answeredAt ?? NaN),
      threadId: String(next.turn?.threadId),
    };
  } finally {
    terminal.signal('SIGTERM');
    await terminal.waitForExit();
    await terminal.dispose();
  }
}

async function timeResume(
  { box, backend }: Bench,
  codex: string,
  threadId: string,
): Promise<number> {
  const from = backend.requests.length;
  const start = Date.now();
  const args = ['--no-daemon', 'resume', threadId, 'continue'];
  const terminal = openOuterTerminal({ file: codex, args, env: box.env, cwd: box.work });
  try {
    const first = await backend.waitForRequest(({ turn }) => turn?.purpose === 'turn', { from });
    return first.at - start;
  } finally {
    terminal.signal('SIGTERM');
    await terminal.waitForExit();
    await terminal.dispose();
  }
}
