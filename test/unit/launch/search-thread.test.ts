import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ExecInvocation, parseArgv } from '../../../src/codex/argv.ts';
import { searchThread } from '../../../src/launch/search-thread.ts';
import type { LaunchRecord } from '../../../src/registry/launch-record.ts';
import { ownIdentity, processTable } from '../../../src/state/process-identity.ts';
import { event, sessionMeta } from '../codex/rollout-lines.ts';

const STARTED = new Date(2026, 10, 21, 10, 0, 0, 500).getTime();

let home: string;

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'search-')));
  mkdirSync(join(home, 'sessions/2026/11/21'), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true }));

interface ThreadSpec {
  /** After the start. */
  ms?: number;
  prompt?: string;
  cwd?: string;
  source?: string;
}

/** A thread of an exec in the home; its id, which tells the millisecond. */
function makeThread(thread: ThreadSpec = {}): string {
  const { ms = 100, prompt = 'do it', ...meta } = thread;
  const time = (STARTED + ms).toString(16).padStart(12, '0');
  const random = Math.random().toString(16).slice(2, 14).padEnd(12, '0');
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${random}`;
  const head = sessionMeta({ id, cwd: home, source: 'exec', ...meta });
  const said = prompt === '' ? '' : `${event({ type: 'user_message', message: prompt })}\n`;
  const second = `2026-11-21T10-00-0${Math.floor((500 + ms) / 1000)}`;
  const file = join(home, 'sessions/2026/11/21', `rollout-${second}-${id}.jsonl`);
  writeFileSync(file, `${head}\n${said}`);
  return id;
}

function launch(thread?: string): LaunchRecord {
  const from = new Date(STARTED).toISOString();
  const place = thread === undefined ? {} : { thread };
  return {
    ...{ version: 1, launch: 'other', state: 'pending', cwd: home, mode: 'exec', startedAt: from },
    ...{ ...ownIdentity(), processes: processTable(), ...place },
    segments: [{ target: 'acc1', from, ...place }],
  };
}

const search = async (args: string[] = ['exec', 'do it'], others: LaunchRecord[] = []) => {
  const invocation = parseArgv(args) as ExecInvocation;
  const question = { sharedHome: home, invocation, cwd: home, startedAtMs: STARTED, others };
  const found = await searchThread(question);
  return typeof found === 'string' ? found : found.threadId;
};

it('is the one that began here since, with this prompt', async () => {
  makeThread({ ms: 50, prompt: 'something else' });
  makeThread({ cwd: '/elsewhere' });
  makeThread({ source: 'cli' });
  const own = makeThread();
  expect(await search()).toBe(own);
});

it('is none that began before, though in the same second', async () => {
  makeThread({ ms: -1 });
  expect(await search()).toBe('none');
});

it('is none that another launch has', async () => {
  const other = makeThread();
  expect(await search(['exec', 'do it'], [launch(other)])).toBe('none');
  const own = makeThread({ ms: 200 });
  expect(await search(['exec', 'do it'], [launch(other)])).toBe(own);
});

interface Doubt {
  why: string;
  threads: ThreadSpec[];
  args?: string[];
  others?: LaunchRecord[];
}
const doubts: Doubt[] = [
  { why: 'two say the same', threads: [{}, {}] },
  { why: 'another exec may have it', threads: [{}], others: [launch()] },
  { why: 'nothing was said yet', threads: [{ prompt: '' }] },
  { why: 'the prompt came from stdin', threads: [{}], args: ['exec', '-'] },
  { why: 'Codex looked it up', threads: [{}], args: ['exec', 'resume', '--last', 'do it'] },
];

it.each(doubts)('is unknown where $why', async ({ threads, args, others }) => {
  for (const thread of threads) makeThread(thread);
  expect(await search(args, others)).toBe('unknown');
});

it('is the one that is named', async () => {
  const old = makeThread({ ms: -100 });
  makeThread();
  expect(await search(['exec', 'resume', old.toUpperCase(), 'do it'])).toBe(old);
});
