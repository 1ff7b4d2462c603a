import { afterEach, expect, test } from 'vitest';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { setUpHotswap } from '../lab/hotswap.ts';
import { makeSandbox, type Sandbox } from '../lab/sandbox.ts';

let backend: Backend | undefined;
let box: Sandbox | undefined;
afterEach(async () => {
  await box?.dispose();
  await backend?.close();
});

test('sessions start, and go on, under the account the strategy prefers', async () => {
  backend = await startBackend({
    accounts: [
      { name: 'acc1', usedPercent: 80 },
      { name: 'acc2', usedPercent: 50, turnsLeft: 2 },
      { name: 'acc3', usedPercent: 30, turnsLeft: 2 },
    ],
  });
  box = await makeSandbox({ backend, accounts: ['acc1', 'acc2', 'acc3'] });
  const hotswap = await setUpHotswap(box, ['acc1', 'acc2', 'acc3']);
  const answer = async () => (await box?.run(hotswap.codex, ['exec', 'hello']))?.stdout;
  expect(await answer()).toMatch(/from acc1$/m);

  expect((await hotswap.run(['refresh'])).status).toBe(0);
  await hotswap.run(['config', 'set', 'strategy', 'most-left']);
  expect(await answer()).toMatch(/from acc3$/m);
  expect(await answer()).toMatch(/from acc3$/m);
  expect(await answer()).toMatch(/from acc2$/m); // in the middle of a command: acc3 has no turn left

  await hotswap.run(['reset']);
  await hotswap.run(['config', 'set', 'strategy', 'order']);
  await hotswap.run(['config', 'set', 'targets.acc1.threshold', '90']);
  expect((await hotswap.run(['next', '--print-only'])).stdout).not.toBe('');
  expect(await answer()).not.toMatch(/from acc1$/m); // it is left alone while others have more
});
