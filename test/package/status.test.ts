import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { ownIdentity, processTable } from '../../src/state/process-identity.ts';
import { createHome } from './sandbox.ts';

const COMMAND = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;

function createTwoTargets() {
  const home = createHome();
  home.writeVault('acc1', 'ann');
  home.writeVault('acc2', 'bob');
  home.ok(['setup', '--accounts', 'acc1,acc2']);
  return home;
}

test('sessions are counted under the target they work under now, as long as they live', () => {
  const home = createTwoTargets();
  expect(home.ok(['status'])).not.toContain('LIVE');
  const record = {
    version: 1,
    launch: '20261121T034500Z-1',
    state: 'bound',
    ...ownIdentity(),
    processes: processTable(),
    cwd: '/project',
    mode: 'interactive',
    startedAt: '2026-11-21T03:45:00.000Z',
    thread: 'thread-1',
    segments: [
      { target: 'acc1', from: '2026-11-21T03:45:00.000Z', to: '2026-11-21T04:00:00.000Z' },
      { target: 'acc2', from: '2026-11-21T04:00:00.000Z' },
    ],
  };
  const file = `.local/state/codex-hotswap/sessions/${record.launch}.json`;
  home.write(file, JSON.stringify(record));
  expect(home.ok(['status'])).toMatch(/LIVE {2}STATE\n.*acc1 .* - +ready\n.*acc2 .* 1 +ready\n/);
  const { targets } = JSON.parse(home.ok(['status', '--json']));
  expect(targets[0].sessions).toEqual([]);
  expect(targets[1].sessions).toEqual([
    {
      target: 'acc2',
      pid: process.pid,
      cwd: '/project',
      mode: 'interactive',
      client: null,
      startedAt: record.startedAt,
      thread: 'thread-1',
    },
  ]);
  expect(home.run(['remove', 'acc2']).stderr).toContain('runs under acc2 (in /project)');

  home.write(file, JSON.stringify({ ...record, startTime: '1' })); // the pid is another process now
  expect(home.ok(['status'])).not.toContain('LIVE');
  home.write(file, 'garbage');
  expect(home.run(['status'])).toMatchObject({ status: 0 });
});

test('--watch shows it again on every change, until Ctrl-C', async () => {
  const home = createTwoTargets();
  const child = spawn(process.execPath, [COMMAND, 'status', '--watch'], { env: home.env });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  const wait = (wanted: RegExp) => expect.poll(() => printed, { timeout: 10_000 }).toMatch(wanted);
  await wait(/\* acc1/);
  home.ok(['use', 'acc2']);
  await wait(/\* acc2/);
  rmSync(home.path('.codex-acc1/auth.json'));
  home.ok(['disable', 'acc2']);
  await wait(/switched off/);
  child.kill('SIGINT');
  const [status] = await once(child, 'exit');
  expect(status).toBe(0);
});
