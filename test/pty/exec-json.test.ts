import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openOuter } from './outer.ts';
import { openProduct } from './product.ts';

// The stdout of `codex exec --json` passes through us. What comes out is what went in, for every kind of stdout, however slow
// its reader is, and the command ends as Codex ends.

const product = openProduct();
afterAll(() => product.dispose());

const { words, env } = product.words('run-script', ['exec', '--json', 'hello']);
const HOME = env.HOME as string;
const FAILURE =
  '{"type":"error","message":"no"}\n{"type":"turn.failed","error":{"message":"no"}}\n';

/** Starts `codex exec --json`, where codex is this script. */
function start(script: string, stdio: ('pipe' | 'ignore')[] = ['ignore', 'pipe', 'pipe']) {
  const [file = '', ...args] = words;
  const child = spawn(file, args, { env: { ...env, SCRIPT: script }, cwd: HOME, stdio });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, ended: once(child, 'exit') as Promise<[number | null, string | null]> };
}

/** The same from a shell, as `"$@"`. */
function runInShell(shell: string, script: string) {
  return spawnSync('bash', ['-c', shell, 'bash', ...words], {
    ...{ env: { ...env, SCRIPT: script }, cwd: HOME, timeout: 20_000, encoding: 'utf8' },
  });
}

async function read({ stdout }: ChildProcess): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdout ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** The most memory that a process had so far, in MB. */
function peakOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

describe('the bytes of exec --json', () => {
  it.each<[string, () => Buffer]>([
    ['5 MB of anything', () => randomBytes(5_000_000)],
    ['a last line without its end', () => Buffer.from('{"type":"turn.started"}\n{"type":"item.co')],
    ['two bytes', () => Buffer.from('{"')],
    ['none', () => Buffer.alloc(0)],
    ['a failure', () => Buffer.from(FAILURE)],
    ['half a failure', () => Buffer.from(FAILURE.slice(0, 50))],
    [
      'UTF-8 that is none',
      () => Buffer.from('{"type":"error","message":"\xff\xfe\x80"}\n', 'latin1'),
    ],
  ])('come out as they were: %s', async (_, make) => {
    const bytes = make();
    writeFileSync(join(HOME, 'bytes'), bytes);
    const { child, ended } = start('cat bytes; exit 3');
    const got = await read(child);
    expect(hash(got)).toBe(hash(bytes));
    expect(await ended).toEqual([3, null]);
  });

  it('come at once, not at the end', async () => {
    const { child } = start('echo "{}"; sleep 60');
    const [first] = await once(child.stdout as NodeJS.ReadableStream, 'data');
    expect(String(first)).toBe('{}\n');
  });

  it('an error that does not end the turn is told in the turn', async () => {
    const error = '{"type":"error","message":"what no release has said so far"}\n';
    const { child } = start(`printf '%s\n' '${error.trimEnd()}'; sleep 60`);
    const [first] = await once(child.stdout as NodeJS.ReadableStream, 'data');
    expect(String(first)).toBe(error);
  });

  it.runIf(process.platform === 'linux')('a line of 100 MB takes no memory', async () => {
    const { child, ended } = start(
      `printf '{"type":"item.completed","item":{"id":"item_0","text":"'; head -c 100000000 /dev/zero; printf '"}}\\n'; sleep 1`,
    );
    let length = 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      length += chunk.length;
    });
    await vi.waitUntil(() => length > 100_000_000, { timeout: 20_000 });
    expect(peakOf(child.pid)).toBeLessThan(150);
    expect(await ended).toEqual([0, null]);
  });
});

describe('a client that reads slowly', () => {
  it.runIf(process.platform === 'linux')('stops Codex, and gets every byte', async () => {
    const script = 'head -c 50000000 /dev/zero; echo all > written; exit 4';
    const { child, ended } = start(script);
    await sleep(1500);
    expect(existsSync(join(HOME, 'written'))).toBe(false);
    expect(peakOf(child.pid)).toBeLessThan(150);
    expect((await read(child)).length).toBe(50_000_000);
    expect(await ended).toEqual([4, null]);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'or not at all: %s ends the command',
    async (signal) => {
      const { child, ended } = start('echo begun > begun; exec head -c 50000000 /dev/zero');
      await vi.waitUntil(() => existsSync(join(HOME, 'begun')), { timeout: 10_000 });
      await sleep(300);
      const began = performance.now();
      child.kill(signal);
      expect(await ended).toEqual([null, signal]);
      expect(performance.now() - began).toBeLessThan(2000);
    },
  );

  it('a signal lets the failure out that was held', async () => {
    const { child, ended } = start(`printf '%s' '${FAILURE}'; echo told > told; exec sleep 60`);
    const got = read(child);
    await vi.waitUntil(() => existsSync(join(HOME, 'told')), { timeout: 10_000 });
    await sleep(100);
    child.kill('SIGTERM');
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect(String(await got)).toBe(FAILURE);
  });
});

describe('a client that reads no more', () => {
  // Codex ignores SIGPIPE, and ends with 101 when it cannot write (fact 123).
  const CODEX = `trap '' PIPE; n=0; while echo '{"type":"item"}' 2>/dev/null; do n=$((n+1)); [ $n -gt 200000 ] && exit 9; done; exit 101`;

  it('ends Codex as it ends alone', async () => {
    const { child, ended } = start(CODEX);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    child.stdout?.destroy();
    expect(await ended).toEqual([101, null]);
  });

  it('at the end of a pipe, too', () => {
    const ran = runInShell('"$@" | head -n 1; echo "$PIPESTATUS"', CODEX);
    expect(ran.stdout).toBe('{"type":"item"}\n101\n');
  });
});

describe('a stdout that is', () => {
  const SCRIPT = `echo '{"type":"turn.started"}'; printf '%s' '${FAILURE}'; exit 3`;
  const ALL = `{"type":"turn.started"}\n${FAILURE}`;

  it.each<[string, string, string]>([
    ['a pipe', '"$@" | cat', ALL],
    ['a file', '{ echo before; "$@"; echo after; } > out; cat out', `before\n${ALL}after\n`],
    ['a file, appended to', 'echo before > out; "$@" >> out; cat out', `before\n${ALL}`],
    ['a device', '"$@" > /dev/null; echo $?', '3\n'],
    ['a full disk', '"$@" > /dev/full; echo $?', '3\n'],
    ['closed', '"$@" >&-; echo $?', '3\n'],
    ['a pipe without a reader', '"$@" | true; echo "$PIPESTATUS"', '3\n'],
    ['the pipe that stderr is', '"$@" 2>&1 | cat', ALL],
  ])('%s', (_, shell, stdout) => {
    expect(runInShell(shell, SCRIPT).stdout).toBe(stdout);
  });

  it.runIf(process.platform === 'linux')('a pipe that others have, too: it stays blocking', () => {
    const flags = "sed -n 's/^flags:\\s*//p' /proc/self/fdinfo/9 >&2";
    const ran = runInShell(
      `{ ${flags}; "$@" & sleep 1; ${flags}; wait; ${flags}; } 9>&1 | cat`,
      'echo "{}"; sleep 1.5; echo "{}"',
    );
    const [before, ...later] = ran.stderr.trim().split('\n');
    expect(later).toEqual([before, before]);
    expect(ran.stdout).toBe('{}\n{}\n');
  });

  it('a terminal', async () => {
    const [file = '', ...args] = words;
    const outer = openOuter({ file, args, env: { ...env, SCRIPT: SCRIPT }, cwd: HOME });
    onTestFinished(() => outer.close());
    expect(await outer.ended).toMatchObject({ kind: 'exited', code: 3 });
    expect(String(outer.output())).toBe(ALL.replaceAll('\n', '\r\n'));
  });
});

describe('the end of exec --json', () => {
  it.each([0, 1, 2, 3, 101, 130, 255])('status %i', async (status) => {
    const { child, ended } = start(`echo "{}"; exit ${status}`);
    expect(String(await read(child))).toBe('{}\n');
    expect(await ended).toEqual([status, null]);
  });

  it.each(['TERM', 'KILL', 'SEGV', 'INT', 'HUP'])('of SIG%s', async (signal) => {
    const { child, ended } = start(`ulimit -c 0; echo "{}"; kill -${signal} $$; sleep 1`);
    expect(String(await read(child))).toBe('{}\n');
    expect(await ended).toEqual([null, `SIG${signal}`]);
  });

  it('does not wait for a process that has its stdout, too', async () => {
    const began = performance.now();
    const { child, ended } = start('sleep 20 & echo $! > sleeper; echo "{}"; exit 6');
    expect(String(await read(child))).toBe('{}\n');
    expect(await ended).toEqual([6, null]);
    expect(performance.now() - began).toBeLessThan(10_000);
    process.kill(Number(readFileSync(join(HOME, 'sleeper'), 'utf8')), 'SIGKILL');
  });
});
