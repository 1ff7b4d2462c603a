import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { spawnFixture } from '../../../pty/direct.ts';
import { makeScratchHome } from '../../state/scratch-home.ts';

// The user's stdin, for a command that may have to be run twice: a program whose stdin is the thing under test gives it
// to one child after the other, and says what each of them read.

const SOURCE = fileURLToPath(new URL('../../../fixtures/bin/keep-stdin.ts', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'keep-'));
const KEEP = [process.execPath, join(directory, 'keep-stdin.mjs')];
// Once, for tsx would do it anew for every start.
beforeAll(() => {
  const options = { bundle: true, platform: 'node', format: 'esm' } as const;
  buildSync({ entryPoints: [SOURCE], outfile: KEEP[1] as string, ...options });
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What a child does with its stdin. */
const ALL = 'cat';
const SOME = 'head -c 4';
const IS_TTY = '[ -t 0 ] && echo tty';

/** Runs it with the stdin that this shell script gives it as `"$@"`; the lines it prints. */
function keep(script: string, ...words: string[]): string[] {
  const { stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', ...KEEP, ...words], {
    encoding: 'utf8',
    cwd: makeScratchHome().home,
    timeout: 30_000,
  });
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n');
}

/** The same with a stdin that is written to while it runs. */
function keepOpen(script: string, ...words: string[]) {
  const child = spawn('sh', ['-c', script, 'sh', ...KEEP, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.stdin.destroy();
    child.kill('SIGKILL');
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  return {
    stdin: child.stdin,
    ended: once(child, 'close').then(() => output.trimEnd().split('\n')),
    async waitFor(text: string) {
      while (!output.includes(text)) await once(child.stdout, 'data');
    },
  };
}

/** What `cksum` prints of a text. */
function checksum(text: string): string {
  return JSON.stringify(spawnSync('cksum', { input: text, encoding: 'utf8' }).stdout);
}

const MEGABYTE = 'a line of a prompt\n'.repeat(60_000);
const onLinux = it.runIf(process.platform === 'linux');

it('a device is the child’s own, as often as it likes', () => {
  const words = ['first', ALL, 'again', ALL, 'resume', ALL];
  expect(keep('"$@" < /dev/null', 'always', ...words)).toEqual([
    'repeatable',
    ...['first (inherit): ""', 'again (inherit): ""', 'resume (inherit): ""'],
  ]);
});

it('a closed one keeps nobody waiting', () => {
  expect(keep('"$@" <&-', 'always', 'first', ALL, 'again', ALL)).toEqual([
    'repeatable',
    ...['first (inherit): ""', 'again (inherit): ""'],
  ]);
});

it('a terminal is the child’s own', async () => {
  const [node, ...args] = [...KEEP, 'always', 'first', IS_TTY, 'again', IS_TTY];
  const { ended, output } = spawnFixture(node as string, args);
  await ended;
  expect(output().trimEnd().split('\r\n')).toEqual([
    'repeatable',
    ...['first (inherit): "tty\\n"', 'again (inherit): "tty\\n"'],
  ]);
});

// Elsewhere the system does not tell how far a file was read: it is kept as a pipe is.
onLinux('a file is read again from where the shell had got to in it', () => {
  const script = `printf 'gone\\nthe prompt\\n' > in; exec < in; read -r line; "$@"`;
  const words = ['first', SOME, 'again', ALL, 'again', ALL, 'resume', ALL];
  expect(keep(script, 'resumed', ...words)).toEqual([
    'repeatable',
    'first (inherit): "the "',
    'again (pipe): "the prompt\\n"',
    'again (pipe): "the prompt\\n"',
    'resume (ignore): ""',
  ]);
});

onLinux('a file of a megabyte arrives whole at a command that is run again', () => {
  const file = join(makeScratchHome().home, 'in');
  writeFileSync(file, MEGABYTE);
  const words = ['first', 'cksum', 'again', 'cksum'];
  expect(keep(`"$@" < '${file}'`, 'always', ...words)).toEqual([
    'repeatable',
    `first (inherit): ${checksum(MEGABYTE)}`,
    `again (pipe): ${checksum(MEGABYTE)}`,
  ]);
});

it('a pipe is the child’s own where the command is resumed, and not run again', () => {
  const words = ['first', SOME, 'resume', ALL, 'again', ALL];
  expect(keep('printf "from a pipe" | "$@"', 'resumed', ...words)).toEqual([
    'not repeatable',
    'first (inherit): "from"',
    'resume (ignore): ""',
    'again (ignore): ""',
  ]);
});

it('a pipe that may be needed twice is read by us, once', () => {
  const words = ['first', ALL, 'again', ALL, 'resume', ALL];
  expect(keep('printf "from a pipe" | "$@"', 'always', ...words)).toEqual([
    'repeatable',
    'first (pipe): "from a pipe"',
    'again (pipe): "from a pipe"',
    'resume (ignore): ""',
  ]);
});

it('… with a megabyte in it, for children that read nothing, little, or slowly', () => {
  const file = join(makeScratchHome().home, 'in');
  writeFileSync(file, MEGABYTE);
  const words = ['first', 'true', 'again', SOME, 'again', 'sleep 0.1; cksum'];
  expect(keep(`cat '${file}' | "$@"`, 'always', ...words)).toEqual([
    'repeatable',
    'first (pipe): ""',
    'again (pipe): "a li"',
    `again (pipe): ${checksum(MEGABYTE)}`,
  ]);
});

// Node makes what it reads non-blocking, and so it would be for the shell that has the same pipe.
onLinux('… and stays blocking for all others that have it', () => {
  const nonBlocking = `sed -n 's/^flags:.*\\(.\\)...$/\\1/p' /proc/$PPID/fdinfo/0`;
  const [, read] = keep(`printf 'from a pipe' | "$@"`, 'always', 'first', `cat; ${nonBlocking}`);
  expect(read).toBe('first (pipe): "from a pipe0\\n"');
});

it.each([
  ['a pipe', 'cat | "$@"'],
  ['a socket', 'exec "$@"'], // as Node makes one
])('%s that is still written to: the next child gets the same, and the rest', async (_, script) => {
  const kept = keepOpen(script, 'always', 'first', SOME, 'again', ALL);
  kept.stdin.write('one, ');
  await kept.waitFor('first');
  kept.stdin.end('two');
  expect(await kept.ended).toEqual([
    'repeatable',
    'first (pipe): "one,"',
    'again (pipe): "one, two"',
  ]);
});
