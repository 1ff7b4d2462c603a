import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Backend } from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask } from '../lab/composer.ts';
import { setUpHotswap } from '../lab/public-setup.ts';
import { createSupervisedLab, quit, type Supervised } from '../lab/supervised.ts';

// The shim by its full path, with a PATH that has neither codex nor node, on the real Codex.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const BARE = '/nowhere/bin';
/** Of a program of the desktop. A session in a terminal needs `stty`. */
const SYSTEM = '/usr/bin:/bin:/usr/sbin:/sbin';

let hotswap: Supervised;
let backend: Backend;
let shim: string;

beforeEach(async () => {
  const resetsAt = Math.floor(Date.now() / 1000) + 7200;
  ({ backend, hotswap } = await openLab([
    { name: 'acc1', turnsLeft: 1, resetsAt },
    { name: 'acc2' },
  ]));
  shim = await setUpHotswap(hotswap.sandbox, ['acc1', 'acc2']);
});

it('as from cron: utility commands, a turn, and a handoff', async () => {
  const env = { ...hotswap.sandbox.env, PATH: BARE };
  const run = (...args: string[]) => hotswap.sandbox.run(shim, args, { env });
  expect(await run('--version')).toMatchObject({
    status: 0,
    stdout: `codex-cli ${codexUnderTest.version}\n`,
  });
  expect(await run('exec', 'one')).toMatchObject({ status: 0, stdout: 'answer 1 from acc1\n' });
  expect(await run('exec', 'two')).toMatchObject({ status: 0, stdout: 'answer 1 from acc2\n' });
  expect(hotswap.eventsOf('rotated')).toMatchObject([{ from: 'acc1', to: 'acc2' }]);
});

it('in a terminal, as an editor opens it: a session with its handoff', async () => {
  const env = { ...hotswap.sandbox.env, PATH: SYSTEM };
  const terminal = hotswap.open([], { file: shim, args: [], env });
  await ask(terminal, 'one');
  await terminal.waitForText('answer 1 from acc1');
  await ask(terminal, 'two');
  await terminal.waitForText('answer 1 from acc2');
  expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
});

it('from a shell inside a session, with the variables of that session', async () => {
  const { sandbox } = hotswap;
  const script = join(sandbox.home, 'nested');
  writeFileSync(script, `#!/bin/sh\nPATH=${BARE} exec '${shim}' exec nested\n`);
  chmodSync(script, 0o755);
  // What a child of a session has in its environment: a stand-in for Codex writes it down, and runs the shim.
  const child = join(sandbox.home, 'child');
  writeFileSync(child, `#!/bin/sh\ncase $1 in -*) exit 1 ;; esac\nexec '${script}' </dev/null\n`);
  chmodSync(child, 0o755);
  const outer = join(sandbox.home, 'outer');
  await sandbox.run('mkdir', [outer]);
  await sandbox.run('ln', ['-s', child, join(outer, 'codex')]);
  const env = { ...sandbox.env, PATH: `${sandbox.bin}:${outer}:/usr/bin:/bin` };
  const ran = await sandbox.run(shim, ['exec', 'outer'], { env });
  expect(ran).toMatchObject({ status: 0, stdout: 'answer 1 from acc1\n' });
  const [turn] = backend.turns();
  expect(turn?.turn?.userTexts).toEqual(['nested']);
  // Each of the two had its own overlay.
  expect(hotswap.eventsOf('launch').map(({ slot }) => slot)).toEqual([1, 2]);
});
