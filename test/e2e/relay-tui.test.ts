import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type ClientSocket, listenForClient } from '../../src/relay/client-socket.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import { type OuterTerminal, openOuterTerminal } from '../lab/outer-terminal.ts';
import { createServerLab } from '../lab/server-lab.ts';

// The TUI is a client of an app-server, too: `codex --remote unix://PATH` (fact 136). So a handoff need not end it.

const { open, close } = createServerLab();
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await close();
});

it('a TUI on the private socket goes on in the same screen, and nothing of the limit is on it', async () => {
  const scene = await open([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
  const { sandbox } = scene.hotswap;
  const directory = join(sandbox.home, 'socket');
  mkdirSync(directory, { mode: 0o700 });
  chmodSync(directory, 0o700);
  const path = join(directory, 's');
  const socket: ClientSocket = await listenForClient(path);
  ends.push(socket.close);
  const server = scene.connect();
  void socket.client.then(({ input, output }) => {
    input.pipe(server.process.stdin);
    server.process.stdout.pipe(output);
  });
  const terminal: OuterTerminal = openOuterTerminal({
    file: codexUnderTest.native,
    args: ['--remote', `unix://${path}`],
    env: sandbox.env,
    cwd: sandbox.work,
  });
  ends.push(terminal.dispose);
  await waitForComposer(terminal);
  await ask(terminal, 'one');
  await terminal.waitForText('answer 1 from acc1');
  await ask(terminal, 'two');
  await terminal.waitForText('answer 1 from acc2');
  expect(terminal.screen().join('\n')).not.toMatch(/usage limit|continue/);
  await ask(terminal, 'three');
  await terminal.waitForText('answer 2 from acc2');
  expect(scene.backend.turns('acc2').at(-1)?.turn?.userTexts).toEqual(['one', 'two', 'three']);
});
