import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { createHome } from './sandbox.ts';

const COMMAND = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;

test('four imports at once are four targets', async () => {
  const home = createHome();
  const names = ['p1', 'p2', 'p3', 'p4'];
  const ends = names.map((name) => {
    const args = [COMMAND, 'import', home.login(`user-of-${name}`), '--as', name];
    const child = spawn(process.execPath, args, { env: home.env, cwd: home.home });
    let told = '';
    child.stdout.on('data', (text) => {
      told += text;
    });
    return once(child, 'close').then(([status]) => [status, told]);
  });
  expect(await Promise.all(ends)).toEqual(
    names.map((name) => [0, `${name} is user-of-${name}@example.com\n`]),
  );
  const { targets } = JSON.parse(home.read('.config/codex-hotswap/config.json'));
  expect(targets.map(({ name }: { name: string }) => name).sort()).toEqual(names);
  const state = (name: string) =>
    JSON.parse(home.read(`.local/state/codex-hotswap/accounts/${name}.json`));
  expect(names.map((name) => state(name).identity.email)).toEqual(
    names.map((name) => `user-of-${name}@example.com`),
  );
});
