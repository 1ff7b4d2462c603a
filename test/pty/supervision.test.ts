import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Outer, openOuter } from './outer.ts';
import { childrenOf, cpuTicks } from './processes.ts';
import { inParallel, openProduct, type Product } from './product.ts';

// The built product, with small programs in the place of codex, in a terminal that loses nothing.

let product: Product;
beforeAll(() => {
  product = openProduct();
});
afterAll(() => product.dispose());

describe('the end of codex is ours', () => {
  it('with each of the 256 exit codes', async () => {
    const codes = [...Array(256).keys()];
    const ends = await inParallel(codes, async (code) => {
      const { ended } = product.open('exit-with', [String(code)]);
      return ended;
    });
    expect(ends).toEqual(codes.map((code) => ({ kind: 'exited', code })).map(asShellsSee));
  }, 300_000);

  it.each(['HUP', 'INT', 'QUIT', 'TERM', 'KILL', 'USR1', 'USR2', 'ABRT', 'SEGV', 'PIPE'])(
    'killed by SIG%s',
    async (name) => {
      const ending = await product.open('die-of', [name]).ended;
      // Node cannot die of SIGPIPE, which it ignores: the shell sees the same number.
      if (name === 'PIPE') expect(ending).toEqual({ kind: 'exited', code: 141 });
      else expect(ending).toMatchObject({ kind: 'signalled', signal: `SIG${name}` });
    },
  );
});

describe('bytes', () => {
  it('of a program that ends at once are never lost: 300 times 20 KB', async () => {
    const outputs = await inParallel([...Array(300).keys()], async () => {
      const outer = product.open('fast-20k');
      await outer.ended;
      return createHash('sha256').update(outer.output()).digest('hex');
    });
    expect(new Set(outputs).size).toBe(1);
  }, 300_000);

  it('reach a slow terminal: 1 MB, the last of it too', async () => {
    const outer = product.open('flood', ['1048576']);
    await outer.waitFor('000000009');
    for (let pause = 0; pause < 20; pause++) {
      outer.stall();
      await new Promise((resume) => setTimeout(resume, 5));
      outer.unstall();
      await new Promise((resume) => setImmediate(resume));
    }
    expect(await outer.ended).toEqual({ kind: 'exited', code: 0 });
    const text = outer.output().toString().replaceAll('\r\n', '\n');
    expect(text.length).toBe(1048576);
    expect(
      text.endsWith(
        `${String(Math.ceil(1048576 / 10) - 1)
          .padStart(9, '0')
          .slice(0, 6)}`,
      ),
    ).toBe(true);
  });

  it('pass unchanged both ways: 1 MB of anything, control characters and split UTF-8 included', async () => {
    const special = Buffer.from([0x00, 0x03, 0x0d, 0x0a, 0x11, 0x13, 0x1a, 0x1c, 0x7f, 0xff]);
    const data = Buffer.concat([special, Buffer.from('aé漢😀'), randomBytes(1024 * 1024), special]);
    const outer = product.open('binary-echo', [String(data.length)]);
    const start = await outer.waitFor('ready');
    outer.type(data);
    expect(await outer.ended).toEqual({ kind: 'exited', code: 0 });
    expect(
      outer
        .output()
        .subarray(start, start + data.length)
        .equals(data),
    ).toBe(true);
  });

  it.each(['raw', 'cooked'])('of a 64 KB bracketed paste arrive at a %s reader', async (mode) => {
    const lines = Array.from({ length: 1100 }, (_, i) => `${i} ${'x'.repeat(52)}\n`).join('');
    const text = Buffer.from(lines);
    const outer = product.open('read-paste', [mode]);
    await outer.waitFor('ready');
    outer.type(Buffer.concat([Buffer.from('\u001b[200~'), text, Buffer.from('\u001b[201~\n')]));
    const hash = createHash('sha256').update(text).digest('hex');
    await outer.waitFor(`paste ${text.length} ${hash}`);
    await outer.ended;
  });
});

describe('signals to the supervisor', () => {
  it.each(['HUP', 'INT', 'QUIT', 'TERM', 'USR1', 'USR2'])('SIG%s reaches codex', async (name) => {
    const outer = product.open('print-signals');
    await outer.waitFor('ready');
    process.kill(outer.pid, `SIG${name}`);
    await outer.waitFor(`got ${name}`);
    outer.type('end\r');
    await outer.ended;
  });

  it('SIGTERM ends it although the terminal takes nothing', async () => {
    const outer = product.open('flood', ['4000000']);
    await outer.waitFor('000000009');
    outer.stall();
    process.kill(outer.pid, 'SIGTERM');
    await vi.waitUntil(() => !isAlive(outer.pid), { timeout: 10_000, interval: 10 });
    outer.unstall();
    expect(await outer.ended).toMatchObject({ signal: 'SIGTERM' });
  });

  it('SIGKILL leaves no codex behind, even one that ignores the hang-up', async () => {
    const outer = product.open('ignore-hangup');
    await outer.waitFor(/ready \d+/);
    const pid = Number(/ready (\d+)/.exec(outer.output().toString())?.[1]);
    process.kill(outer.pid, 'SIGKILL');
    await vi.waitUntil(() => !isAlive(pid), { timeout: 10_000, interval: 10 });
    await outer.ended;
  });
});

describe('the terminal afterwards', () => {
  it.each(['exit', 'HUP', 'QUIT', 'TERM', 'INT', 'USR2', 'ABRT'])(
    'has the settings it had before: %s',
    async (end) => {
      const { words, env } = product.words(end === 'exit' ? 'exit-with' : 'never-read', ['0']);
      // A shell keeps the terminal: Node restores nothing that the session leader's end would not.
      const quoted = words.map((word) => `'${word}'`).join(' ');
      const script = `stty erase ^H; stty -a; echo before; ${quoted}; echo after; stty -a`;
      const outer = openOuter({ file: '/bin/sh', args: ['-c', script], env });
      await outer.waitFor('before');
      if (end !== 'exit') {
        await outer.waitFor('ready');
        process.kill(childrenOf(outer.pid)[0] as number, `SIG${end}`);
      }
      await outer.ended;
      const [before, after] = outer
        .output()
        .toString()
        .split(/before|after/)
        .filter((_, i) => i !== 1);
      expect(settings(before)).toContain('erase = ^H');
      expect(settings(after)).toBe(settings(before));
    },
  );

  it('has no mode left that a killed codex had set', async () => {
    const outer = product.open('leave-modes');
    expect(await outer.ended).toMatchObject({ signal: 'SIGKILL' });
    const [, undone = ''] = outer.output().toString().split('ready');
    for (const inverse of ['[?1049l', '[?2004l', '[?1004l', '[?1003l', '[?1006l', '[?25h']) {
      expect(undone).toContain(`\u001b${inverse}`);
    }
    expect(undone).toMatch(/\u001b\[<\d*u/);
  });
});

describe('size', () => {
  it('is that of the terminal from the start, and the last one after a storm', async () => {
    const outer = product.open('report-size', [], { columns: 101, rows: 33 });
    await outer.waitFor('ready 33 101');
    for (let columns = 40; columns <= 140; columns++) outer.resize(columns, 50);
    await outer.waitFor('winch 50 140');
    outer.type('end\r');
    await outer.ended;
  });
});

describe('a codex that does not read', () => {
  it.runIf(process.platform === 'linux')(
    'costs next to nothing while a megabyte of paste waits for it',
    async () => {
      const outer = product.open('never-read');
      await outer.waitFor('ready');
      outer.type(Buffer.alloc(1024 * 1024, 'x'));
      await new Promise((resume) => setTimeout(resume, 500));
      const before = cpuTicks(outer.pid);
      await new Promise((resume) => setTimeout(resume, 1000));
      expect(cpuTicks(outer.pid) - before).toBeLessThanOrEqual(10); // of 100 ticks a second
      outer.close();
      await outer.ended;
    },
  );
});

describe('what is not the terminal', () => {
  it('stays what it is: stderr sent to a file', async () => {
    const { words, env } = product.words('both-outputs');
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const log = `${env.HOME}/stderr.log`;
    const outer = openOuter({ file: '/bin/sh', args: ['-c', `${quoted} 2>>'${log}'`], env });
    await outer.ended;
    expect(outer.output().toString().replaceAll('\r', '')).toBe('out\ntty 0\ntty 1\n');
    expect(readFileSync(log, 'utf8')).toBe('err\n');
  });
});

type Ending = Awaited<Outer['ended']>;

// dash tells 130 from death by SIGINT, bash and every shell cannot tell 141 from SIGPIPE; `$?` is the same.
function asShellsSee(ending: { kind: string; code: number }): Ending {
  return ending as Ending;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function settings(text: string | undefined): string | undefined {
  return /speed[\s\S]*extproc/.exec(text ?? '')?.[0].replaceAll('\r', '');
}
