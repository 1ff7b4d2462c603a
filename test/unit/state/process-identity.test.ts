import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isAlive, ownIdentity, processStartTime } from '../../../src/state/process-identity.ts';

test('we are alive, and another start time is another process', () => {
  const own = ownIdentity();
  expect(isAlive(own)).toBe(true);
  expect(isAlive({ ...own, startTime: '5' })).toBe(false);
});

test('a child is alive until it is killed; its zombie is not', async () => {
  // The inner process is never waited for by its parent, which sleeps on: it stays as a zombie.
  const parent = spawn('sh', ['-c', 'sleep 100 & echo $!; exec sleep 101'], { stdio: 'pipe' });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  const startTime = processStartTime(pid) as string;
  expect(isAlive({ pid, startTime })).toBe(true);
  // Until it is `sleep`, the parent is a shell, which may take the zombie away.
  const nameOf = () => spawnSync('ps', ['-o', 'comm=', '-p', `${parent.pid}`]).stdout.toString();
  while (!nameOf().includes('sleep')) await new Promise((done) => setTimeout(done, 5));
  process.kill(pid, 'SIGKILL');
  while (processStartTime(pid) !== undefined) await new Promise((done) => setTimeout(done, 5));
  expect(() => process.kill(pid, 0)).not.toThrow(); // it is a zombie
  expect(isAlive({ pid, startTime })).toBe(false);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
});

test.each([0, -1, 1.5, Number.NaN, 2 ** 40])('pid %d is nobody', (pid) => {
  expect(isAlive({ pid, startTime: '1' })).toBe(false);
});
