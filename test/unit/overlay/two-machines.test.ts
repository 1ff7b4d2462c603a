import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Slot } from '../../../src/overlay/slot.ts';
import type { Place } from '../../../src/state/machine-place.ts';
import type { Paths } from '../../../src/state/paths.ts';
import { makeScratchHome } from '../state/scratch-home.ts';

const SCRIPT = fileURLToPath(new URL('../../fixtures/overlay/host.ts', import.meta.url));
const A: Place = { machine: 'a'.repeat(32), name: 'a', boot: 'boot-a', pids: 'pid:[4026531836]' };
const B: Place = { machine: 'b'.repeat(32), name: 'b', boot: 'boot-b', pids: 'pid:[4026531836]' };

/** A process that takes itself to be on another machine, with the same home. */
async function startHost(paths: Paths, place: Place) {
  const args = ['--import', 'tsx', SCRIPT, paths.home, JSON.stringify(place)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
  expect(await read()).toBe('ready');
  return {
    child,
    ask(command: string) {
      child.stdin.write(`${command}\n`);
      return read();
    },
    lease: async () => {
      child.stdin.write('lease\n');
      return (await read()) as Slot;
    },
  };
}

/** As if its owner had not touched it for so long. */
function silence(dir: string, minutes: number): void {
  const time = Date.now() / 1000 - minutes * 60;
  for (const name of readdirSync(dir)) {
    if (name.startsWith('lease.')) utimesSync(join(dir, name), time, time);
  }
}

test('a session that lives on one machine is not dead to another machine, and a session that is silent for long is dead', async () => {
  const paths = makeScratchHome();
  const lockDir = join(paths.locksDir, 'acc1');
  const [a, b] = await Promise.all([startHost(paths, A), startHost(paths, B)]);
  const slot = await a.lease();
  expect(slot.number).toBe(1);
  expect(await a.ask('lock')).toBe(true);

  expect((await b.lease()).number).toBe(2);
  expect(await b.ask('lock')).toBe(false);
  await b.ask('let-go');
  for (const dir of [slot.side, lockDir]) silence(dir, 4);
  expect((await b.lease()).number).toBe(2);
  expect(await b.ask('lock')).toBe(false);
  await b.ask('let-go');
  expect(await a.ask('holds')).toEqual([true, true]);

  // Ctrl-Z, or the lid of a laptop, for more than five minutes.
  a.child.kill('SIGSTOP');
  for (const dir of [slot.side, lockDir]) silence(dir, 6);
  expect(await b.lease()).toMatchObject({ number: 1, reclaimedFrom: { pid: a.child.pid } });
  expect(await b.ask('lock')).toBe(true);
  const login = join(paths.home, 'auth.json');
  writeFileSync(login, '{}');
  await b.ask(`point ${login}`);
  const theirs = () => [slot.side, lockDir].map((dir) => readLeases(dir));
  const before = theirs();

  a.child.kill('SIGCONT');
  expect(await a.ask('holds')).toEqual([false, false]);
  await a.ask('let-go');
  expect(theirs()).toEqual(before);
  expect(readlinkSync(join(slot.home, 'auth.json'))).toBe(login);
  expect(await b.ask('holds')).toEqual([true, true]);
});

test('a machine that was started anew takes back at once what it had', async () => {
  const paths = makeScratchHome();
  const before = await startHost(paths, A);
  await before.lease();
  await before.ask('lock');
  before.child.kill('SIGKILL');
  await once(before.child, 'exit');
  const other = await startHost(paths, B);
  expect((await other.lease()).number).toBe(2);
  const again = await startHost(paths, { ...A, boot: 'the next boot' });
  expect((await again.lease()).number).toBe(1);
  expect(await again.ask('lock')).toBe(true);
});

function readLeases(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.startsWith('lease.'))
    .map((name) => `${name} ${readFileSync(join(dir, name), 'utf8')}`);
}
