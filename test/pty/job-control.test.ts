import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findStrays } from '../lab/strays.ts';
import { until } from './direct.ts';
import { type Outer, openOuter } from './outer.ts';
import { childrenOf, readProcess } from './processes.ts';
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

/** The shell, its arguments, and the signals after which it continues a stopped job. After others a person types more. */
const SHELLS: [string, string[], string[]][] = [
  ['/bin/bash', ['--norc', '--noprofile', '--noediting', '-i'], ['TERM', 'HUP']],
  ['/bin/dash', ['-i'], []],
  ['/usr/bin/zsh', ['-f', '-i', '+Z', '-o', 'no_prompt_sp'], ['TERM', 'HUP', 'INT']],
];

describe.each(SHELLS.filter(([shell]) => existsSync(shell)))(
  'in the background of %s',
  (shell, args, continuing) => {
    let home: string;
    let line: string;

    async function openShell(fixture: string, fixtureArgs: string[] = []): Promise<void> {
      const { words, env } = product.words(fixture, fixtureArgs);
      home = env.HOME as string;
      line = words.map((word) => `'${word}'`).join(' ');
      outer = openOuter({ file: shell, args, env: { ...env, PS1: 'prompt> ', ENV: '' } });
      await outer.waitFor('prompt> ');
    }
    afterEach(async () => {
      outer.close();
      await outer.ended;
    });
    const end = (signal: string) =>
      `kill -${signal} %1${continuing.includes(signal) ? '' : '; kill -CONT %1'}`;
    /** The shell, too, knows that its job is stopped. */
    const untilStopped = async () => {
      await until(isStopped, 'stopped');
      for (let known = false; !known; ) {
        const from = await type("jobs; echo lis''ted");
        const to = await outer.waitFor('listed', from);
        known = /Stopped|suspended/.test(outer.output().subarray(from, to).toString('latin1'));
      }
    };
    /** Types a command. @returns where its output begins. */
    const type = async (command: string): Promise<number> => {
      const from = outer.output().length;
      outer.type(`${command}\n`);
      return outer.waitFor(/\n/, from);
    };
    const others = () => findStrays(home).filter(({ pid }) => pid !== outer.pid);
    const stateOf = ({ pid }: { pid: number }) => {
      try {
        return readProcess(pid).state;
      } catch {
        return 'gone';
      }
    };
    const states = () => others().map(stateOf);
    /** The child of the shell. Its command line is `codex`. */
    const supervisor = () => childrenOf(outer.pid)[0];
    const isStopped = () => stateOf({ pid: supervisor() ?? 0 }) === 'T';
    const drawn = (from: number) => outer.output().subarray(from).toString('latin1');
    /** The shell reads a line again, and nothing but that line came. */
    const answers = async () => {
      const from = await type("printf '%s%s\\n' all quiet");
      await outer.waitFor('allquiet', from);
    };

    it.each(['TERM', 'HUP', 'INT'])(
      '`codex &` is stopped before Codex starts, and SIG%s ends it without a byte',
      async (signal) => {
        await openShell('stop-self', ['30']);
        const from = await type(`${line} &`);
        await untilStopped();
        expect(others(), 'no Codex, no monitor').toHaveLength(1);
        await type(end(signal));
        await until(() => others().length === 0, 'no process left');
        await answers();
        expect(drawn(from)).not.toMatch(/before|after|\[\?1049|\]0;/);
      },
    );

    it('`fg` starts Codex, and the terminal is as before afterwards', async () => {
      await openShell('stop-self', ['0']);
      await answers();
      await type(`${line} &`);
      // At `fg` zsh does not continue a job of which it does not know yet that it is stopped (29 of 150 times).
      await untilStopped();
      await type('fg');
      await outer.waitFor('before');
      await untilStopped();
      const from = await type('fg');
      await outer.waitFor('after', from);
      await until(() => others().length === 0, 'ended');
      await answers();
      // A shell without a line editor reads in the settings that it was given.
      if (!shell.endsWith('zsh')) expect(outer.stty()).toMatch(/ icanon.* echo /s);
    });

    it.each(['TERM', 'HUP', 'INT'])(
      'SIG%s ends a stopped session, draws nothing, and leaves no process',
      async (signal) => {
        await openShell('stop-self', ['30']);
        await type(line);
        await outer.waitFor('before');
        await untilStopped();
        const from = outer.output().length;
        await type(end(signal));
        await until(() => others().length === 0, 'no process left');
        await answers();
        expect(drawn(from)).not.toMatch(/after|\u001b\[[?<]\d|\]0;/);
      },
    );

    it('`bg` stops it again and draws nothing; `fg` goes on', async () => {
      await openShell('stop-self', ['0']);
      await type(line);
      await outer.waitFor('before');
      await untilStopped();
      const from = await type('bg');
      await answers(); // the shell has continued it
      await until(() => states().filter((state) => state === 'T').length >= 3, 'stopped again');
      await answers();
      expect(drawn(from)).not.toMatch(/after/);
      await type('fg');
      await outer.waitFor('after', from);
      await until(() => others().length === 0, 'ended');
    });

    // Without a line editor dash and zsh leave a stopped job's modes on the terminal, so that no line could be typed.
    it.runIf(shell.endsWith('bash'))(
      'a session that was stopped from outside ends by a signal in the background, too',
      async () => {
        await openShell('turn-stand-in');
        await type(line);
        await until(() => outer.stty().includes('-opost'), 'raw');
        process.kill(supervisor() as number, 'SIGSTOP');
        await until(() => outer.stty().includes(' icanon'), 'cooked');
        await untilStopped();
        await type(end('TERM'));
        await until(() => others().length === 0, 'no process left');
        await answers();
      },
    );
  },
);
