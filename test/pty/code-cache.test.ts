import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openOuter } from './outer.ts';
import { openProduct } from './product.ts';

// What V8 has compiled of the launcher is kept, and only code of our own and of this build is run.

/** Notes of each script that is made with compiled code whether V8 has taken it. */
const SPY = `
const vm = require('node:vm');
const { appendFileSync } = require('node:fs');
const { Script } = vm;
vm.Script = class extends Script {
  constructor(source, options) {
    super(source, options);
    const isTaken = options.cachedData !== undefined && !this.cachedDataRejected;
    appendFileSync(process.env.SPIED, isTaken ? 'taken ' : 'compiled ');
  }
};`;

function open() {
  const product = openProduct();
  onTestFinished(product.dispose);
  const { words, env } = product.words('print-signals');
  const home = env.HOME as string;
  const spy = join(home, 'spy.cjs');
  const spied = join(home, 'spied');
  writeFileSync(spy, SPY);
  const [file = '', ...args] = words;
  const spying = { SPIED: spied, NODE_OPTIONS: `--require=${JSON.stringify(spy)}` };
  return {
    home,
    /** A start in another directory, without HOME. Nothing but the launcher is loaded. */
    startWithoutHome(cwd: string): string {
      rmSync(spied, { force: true });
      const { HOME: _, ...rest } = env;
      execFileSync(file, [...args, '--version'], { cwd, env: { ...rest, ...spying } });
      return readFileSync(spied, 'utf8').trim();
    },
    code: join(home, '.local/state/codex-hotswap/launcher.code'),
    /** Runs a session while `during` lasts. @returns what became of the launcher's source. */
    async start(during: () => Promise<unknown> = async () => {}): Promise<string> {
      rmSync(spied, { force: true });
      const outer = openOuter({ file, args, env: { ...env, ...spying }, cwd: home });
      await outer.waitFor('ready');
      await during();
      outer.type('\r');
      await outer.ended;
      return readFileSync(spied, 'utf8').trim();
    },
  };
}

test('is kept by the first start, for nobody else to read or write, and run by the next', async () => {
  const { code, start } = open();
  expect(await start(() => vi.waitUntil(() => existsSync(code), 10_000))).toBe('compiled');
  expect(statSync(code).mode & 0o777).toBe(0o600);
  expect(await start()).toBe('taken');
});

test.each<[string, (code: string) => void]>([
  ['half of it', (code) => truncateSync(code, Math.floor(statSync(code).size / 2))],
  ['that of another build', (code) => writeFileSync(code, changeEnd(readFileSync(code)))],
  ['one that others can write', (code) => chmodSync(code, 0o666)],
])('is made anew in the place of %s', async (_, spoil) => {
  const { code, start } = open();
  await start(() => vi.waitUntil(() => existsSync(code), 10_000));
  spoil(code);
  const { ino } = statSync(code);
  expect(await start(() => vi.waitUntil(() => statSync(code).ino !== ino, 10_000))).toBe(
    'compiled',
  );
  expect(await start()).toBe('taken');
});

test('of a project in which codex is typed without a HOME is not run', async () => {
  const { home, code, start, startWithoutHome } = open();
  await start(() => vi.waitUntil(() => existsSync(code), 10_000));
  const project = join(home, 'project');
  const planted = join(project, '.local/state/codex-hotswap');
  mkdirSync(planted, { recursive: true, mode: 0o700 });
  copyFileSync(code, join(planted, 'launcher.code'));
  expect(startWithoutHome(project)).toBe('compiled');
});

test('in a directory that others can write is not run', async () => {
  expect(await startAfter((directory) => chmodSync(directory, 0o777))).toBe('compiled');
});

// Only root can give a directory away.
test.runIf(process.geteuid?.() === 0)('in a directory of another user is not run', async () => {
  expect(await startAfter((directory) => chownSync(directory, 4711, 4711))).toBe('compiled');
});

/** @param spoil gets the directory of code that a start has kept. @returns what the next start did. */
async function startAfter(spoil: (directory: string) => void): Promise<string> {
  const { code, start } = open();
  await start(() => vi.waitUntil(() => existsSync(code), 10_000));
  spoil(dirname(code));
  return start();
}

test.each<[string, (code: string) => void]>([
  ['a directory', (code) => mkdirSync(code)],
  ['a named pipe', (code) => void execFileSync('mkfifo', [code])],
])('is done without where %s is in its place', async (_, put) => {
  const { code, start } = open();
  mkdirSync(join(code, '..'), { recursive: true, mode: 0o700 });
  put(code);
  expect(await start()).toBe('compiled');
});

/** Another last letter: V8 itself would run it. */
function changeEnd(code: Buffer): Buffer {
  code[code.length - 1] = (code.at(-1) as number) ^ 1;
  return code;
}
