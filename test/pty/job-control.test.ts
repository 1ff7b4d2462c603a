import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from './direct.ts';
import { type Outer, openOuter } from './outer.ts';
import { childrenOf } from './processes.ts';
import { openProduct, type Product } from './product.ts';

// The built product, with a program that stops itself as Codex does in the place of codex, in an interactive shell.

let product: Product;
let outer: Outer;
beforeAll(() => {
  product = openProduct();
});
afterAll(() => product.dispose());

describe.each(['/bin/bash', '/bin/dash'])('under %s', (shell) => {
  let cooked: string;

  async function start(fixture: string, args: string[] = []): Promise<void> {
    const { words, env } = product.words(fixture, args);
    const quoted = words.map((word) => `'${word}'`).join(' ');
    outer = openOuter({
      file: shell,
      args: shell.endsWith('bash') ? ['--norc', '--noprofile', '--noediting', '-i'] : ['-i'],
      env: { ...env, PS1: 'prompt> ', ENV: '' },
    });
    await outer.waitFor('prompt> ');
    cooked = outer.stty();
    outer.type(`${quoted}\n`);
    await outer.waitFor('before');
  }
  afterEach(async () => {
    outer.close();
    await outer.ended;
  });

  it('a stop gives the shell a stopped job and a cooked terminal; fg goes on raw, at the new size', async () => {
    await start('stop-self', ['30']);
    const stopped = await outer.waitFor(/Stopped/);
    const prompt = await outer.waitFor('prompt> ', stopped);
    expect(outer.stty()).toBe(cooked);
    outer.resize(97, 31);
    outer.type('fg\n');
    await outer.waitFor('31 97 after', prompt);
    expect(outer.stty()).toMatch(/-icanon.*-opost|-opost.*-icanon/s);
  });

  it('a stop that meets a program which is just being started is one, too', async () => {
    await start('stop-in-vfork');
    outer.type('\u001a');
    await outer.waitFor('prompt> ', await outer.waitFor(/Stopped/));
    expect(outer.stty()).toBe(cooked);
    outer.type('fg\n');
    await outer.waitFor('after');
    await until(() => outer.stty() === cooked, 'as before');
  });

  // dash leaves a stopped job's modes on the terminal, so that nothing could be seen.
  it.runIf(shell === '/bin/bash')(
    'a supervisor stopped and continued from outside makes the terminal raw again',
    async () => {
      await start('stop-self', ['30']);
      await outer.waitFor('prompt> ', await outer.waitFor(/Stopped/));
      outer.type('fg\n');
      const after = await outer.waitFor('after');
      const [pid] = childrenOf(outer.pid) as [number];
      process.kill(pid, 'SIGSTOP');
      await outer.waitFor('prompt> ', await outer.waitFor(/Stopped/, after));
      await until(() => outer.stty().includes(' icanon'), 'cooked');
      outer.type('fg\n');
      await until(() => outer.stty().includes('-icanon'), 'raw');
      process.kill(pid, 'SIGTERM');
      await until(() => outer.stty() === cooked, 'as before');
    },
  );
});

it('a stop where no shell could continue us is ignored, as the kernel does', async () => {
  outer = product.open('stop-self', ['0']);
  await outer.waitFor('24 80 after');
  expect(await outer.ended).toEqual({ kind: 'exited', code: 0 });
});
