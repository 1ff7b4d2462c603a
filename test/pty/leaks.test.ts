import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { spawnFixture } from './direct.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

it('a thousand children in one process leave no descriptor and no growing memory', async () => {
  await spawn(100);
  const descriptors = countDescriptors();
  const early = await heap();
  await spawn(900);
  expect(countDescriptors()).toBe(descriptors);
  // What grows with each child would be 900 times something.
  expect((await heap()) - early).toBeLessThan(900 * 1024);
}, 120_000);

async function spawn(times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const { ended } = spawnFixture('/bin/true');
    expect(await ended).toEqual({ kind: 'exited', code: 0 });
  }
}

/** After node-pty has learned that the last monitor is gone. */
async function heap(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 500));
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function countDescriptors(): number {
  return readdirSync('/dev/fd').length;
}
