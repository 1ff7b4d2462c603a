import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startServerClient } from '../../test/lab/server-client.ts';
import { NOTIFICATION } from './json-server.mjs';
import { addedMs, alternate, median, ms } from './measure.ts';
import { memoryRow, residentMb } from './memory.ts';
import { type Row, verdictOf } from './table.ts';
import type { Bench, Workshop } from './workshop.ts';

const HANDOFF_PAIRS = 5;
const HANDOFF_MS = 450;
const PAIRS = 5;
const QUESTIONS = 2000;
const NOTIFICATIONS = 200_000;
const STAND_IN = fileURLToPath(new URL('stand-in', import.meta.url));
const SERVER = fileURLToPath(new URL('json-server.mjs', import.meta.url));

/** The relay between a client and `codex app-server`: its handoff, and what it costs while there is none. */
export async function bench(workshop: Workshop): Promise<Row[]> {
  return [await benchHandoff(workshop), ...(await benchRelay(workshop))];
}

/** The rival is the least that it can take: a new server that resumes the thread and begins the turn again. */
async function benchHandoff(workshop: Workshop): Promise<Row> {
  const bench = await workshop.openBench({
    accounts: [{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }],
  });
  let thread = '';
  const handOff = async () => {
    const { milliseconds, threadId } = await timeHandoff(bench);
    thread = threadId;
    return milliseconds;
  };
  await handOff(); // makes the thread
  const again = () => timeRestart(bench, workshop.nativeCodex, thread);
  const { ours, rival, ratio } = await alternate(HANDOFF_PAIRS, handOff, again);
  return {
    what: 'app-server: 429 to the next account’s turn',
    ours: ms(median(ours)),
    rival: `${ms(median(rival))} a new server`,
    ratio: `${ratio.toFixed(2)} ×, ${addedMs(median(ours) - median(rival))}`,
    budget: `≤ ${HANDOFF_MS} ms`,
    verdict: verdictOf(median(ours) <= HANDOFF_MS),
  };
}

async function timeHandoff({ box, backend, shim, hotswap }: Bench) {
  backend.account('acc1').turnsLeft = 1;
  await hotswap('reset');
  await hotswap('use', 'acc1');
  const from = backend.requests.length;
  const client = startServerClient([shim, 'app-server'], { env: box.env, cwd: box.work });
  await client.initialize();
  const threadId = await client.startThread();
  await client.runTurn(threadId, 'the first prompt');
  await client.runTurn(threadId, 'the second prompt');
  const failed = await backend.waitForRequest(({ outcome }) => outcome?.kind === 'failed', {
    from,
  });
  const next = await firstTurn({ backend }, from, 'acc2');
  await client.close();
  return { milliseconds: next.at - (failed.answeredAt ?? Number.NaN), threadId };
}

async function timeRestart({ box, backend }: Bench, codex: string, threadId: string) {
  const from = backend.requests.length;
  const start = Date.now();
  const client = startServerClient([codex, 'app-server'], { env: box.env, cwd: box.work });
  await client.initialize();
  await client.request('thread/resume', { threadId });
  await client.request('turn/start', { threadId, input: [] });
  const first = await firstTurn({ backend }, from);
  await client.close();
  return first.at - start;
}

function firstTurn({ backend }: Pick<Bench, 'backend'>, from: number, name?: string) {
  return backend.waitForRequest(
    ({ account, turn }) => turn?.purpose === 'turn' && (name === undefined || account === name),
    { from },
  );
}

/** With a server of a few lines, so that the relay's own time shows. The rival is the client on the server's own pipes. */
async function benchRelay(workshop: Workshop): Promise<Row[]> {
  const { box, shim } = await workshop.openBench({ codex: STAND_IN });
  const env = { ...box.env, STAND_IN: `${process.execPath} ${SERVER}` };
  const open = (file: string) => openPipe(file, { env, cwd: box.work });
  const [ours, direct] = [await open(shim), await open(STAND_IN)];
  const asked = await alternate(
    PAIRS,
    () => timeQuestions(ours),
    () => timeQuestions(direct),
  );
  const perMessage = asked.difference / 2; // there and back
  const flood = await alternate(
    PAIRS,
    () => timeFlood(ours),
    () => timeFlood(direct),
  );
  const memory: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    await timeFlood(ours);
    memory.push(residentMb(ours.process.pid as number));
  }
  for (const { process } of [ours, direct]) process.stdin.end();
  return [
    {
      what: 'app-server: a message through the relay',
      ours: ms(median(asked.ours) / 2, 3),
      rival: `${ms(median(asked.rival) / 2, 3)} the server’s pipe`,
      ratio: addedMs(perMessage),
      budget: '≤ +0.1 ms',
      verdict: verdictOf(perMessage <= 0.1),
    },
    {
      what: `app-server: ${NOTIFICATIONS / 1000},000 notifications`,
      ours: `${perSecond(median(flood.ours))}/s`,
      rival: `${perSecond(median(flood.rival))}/s the server’s pipe`,
      ratio: `${(1 / flood.ratio).toFixed(2)} ×`,
      budget: '≥ 0.80 ×',
      verdict: verdictOf(1 / flood.ratio >= 0.8),
    },
    memoryRow(`app-server: ${NOTIFICATIONS / 100_000} million notifications`, memory),
  ];
}

interface Pipe {
  process: ChildProcessWithoutNullStreams;
  /** Sends a request. Resolves with its answer, after so many bytes. */
  ask(method: string, params: object): Promise<number>;
}

/** Counts bytes, and parses nothing: the client is not what is measured. */
async function openPipe(
  file: string,
  place: { env: Record<string, string>; cwd: string },
): Promise<Pipe> {
  const process = spawn(file, ['app-server'], { ...place, stdio: ['pipe', 'pipe', 'inherit'] });
  let bytes = 0;
  let answered: (bytes: number) => void = () => {};
  let tail = '';
  process.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    tail = (tail + chunk.subarray(-40).toString('latin1')).slice(-40);
    if (/"result":\{\}\}\n$/.test(tail)) answered(bytes);
  });
  const pipe: Pipe = {
    process: process as unknown as ChildProcessWithoutNullStreams,
    ask(method, params) {
      bytes = 0;
      tail = '';
      const answer = new Promise<number>((resolve) => {
        answered = resolve;
      });
      process.stdin.write(`${JSON.stringify({ id: 1, method, params })}\n`);
      return answer;
    },
  };
  await pipe.ask('initialize', { clientInfo: { name: 'bench', title: null, version: '1' } });
  return pipe;
}

/** The median of many questions, milliseconds. */
async function timeQuestions({ ask }: Pipe): Promise<number> {
  const times: number[] = [];
  for (let left = QUESTIONS; left > 0; left -= 1) {
    const start = performance.now();
    await ask('model/list', { cursor: null });
    times.push(performance.now() - start);
  }
  return median(times);
}

/** Milliseconds for all notifications. */
async function timeFlood({ ask }: Pipe): Promise<number> {
  const start = performance.now();
  const bytes = await ask('flood', { count: NOTIFICATIONS });
  const expected = NOTIFICATIONS * NOTIFICATION.length;
  if (bytes < expected) throw new Error(`${bytes} bytes of ${expected}`);
  return performance.now() - start;
}

function perSecond(milliseconds: number): string {
  return `${Math.round(NOTIFICATIONS / milliseconds)},000`;
}
