import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeSandbox, type Sandbox } from '../../lab/sandbox.ts';

const COMMAND = new URL('../../../dist/bin/codex-hotswap.js', import.meta.url).pathname;

let sandbox: Sandbox;
let shim: string;
let real: string;

beforeAll(async () => {
  sandbox = await makeSandbox();
  shim = join(sandbox.bin, 'codex');
  real = join(sandbox.realBin, 'codex');
  for (const args of [['setup'], ['install-shim', '--shim-path', shim]]) {
    expect((await sandbox.run(process.execPath, [COMMAND, ...args])).status).toBe(0);
  }
});
afterAll(() => sandbox.dispose());

test.each([
  ['--version'],
  ['-V'],
  ['--help'],
  ['help', 'exec'],
  ['exec', '--help'],
  ['resume', '-h'],
  ['a prompt', '--help'],
  ['mcp', 'list'],
  ['mcp', 'list', '--json'],
  ['-c', 'model="x"', 'features', 'list'],
  ['completion', 'bash'],
  ['login', 'status'],
  ['debug', 'nonsense'],
  ['mcp', 'get', 'no such server'],
  ['--no-such-option'],
  ['-m'],
])('as the real codex, byte for byte: %s %s %s', async (...args) => {
  const [direct, shimmed] = [await sandbox.run(real, args), await sandbox.run(shim, args)];
  expect(shimmed).toEqual(direct);
});

test('an update of Codex leaves the shim in place, and is used at once', async () => {
  const other = join(sandbox.home, 'updated');
  await writeFile(other, '#!/bin/sh\necho updated\n', { mode: 0o755 });
  const rename = await sandbox.run('mv', ['-f', other, real]);
  expect(rename.status).toBe(0);
  expect((await sandbox.run(shim, ['--version'])).stdout).toBe('updated\n');
});
