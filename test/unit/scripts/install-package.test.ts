import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { installPackage } from '../../../scripts/install-package.ts';

// What the scripts install from npm (Codex, Node), with a stand-in for npm.

const WANTED = { label: 'tool', name: '@some/tool', version: '3', folder: 'tools', program: 'run' };
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'install-'));
  vi.stubEnv('PATH', `${root}:${process.env.PATH}`);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

/** Writes an npm that leaves a program with this text, then ends with this message and exit status. */
function writeNpm(program: string, message = '', status = 0): void {
  const folder = '"$3/node_modules/@some/tool"';
  const lines = [
    '#!/bin/sh',
    `mkdir -p ${folder}`,
    `printf '%s' '${program}' > ${folder}/run`,
    `chmod +x ${folder}/run`,
    `echo '${message}' >&2`,
    `exit ${status}`,
  ];
  writeFileSync(join(root, 'npm'), lines.join('\n'));
  chmodSync(join(root, 'npm'), 0o755);
}

const WHOLE = '#!/bin/sh\necho 3.0.1\n';
const install = () => installPackage(WANTED, join(root, 'cache'));
const installed = () => readdirSync(join(root, 'cache', 'tools'));

test('a package is installed once', () => {
  writeNpm(WHOLE);
  const program = join(root, 'cache', 'tools', '3', 'node_modules', '@some', 'tool', 'run');
  expect(install()).toBe(program);
  writeNpm('', 'npm was asked again', 1);
  expect(install()).toBe(program);
  expect(installed()).toEqual(['3']);
});

const SPACE = 'no space left on the device; free some and run this again';

test.each([
  [
    'an unknown version',
    () => writeNpm(WHOLE, 'npm error code ETARGET', 1),
    'npm knows no such version; see the versions with: npm view @some/tool versions',
  ],
  [
    'no network',
    () => writeNpm(WHOLE, 'npm error code ECONNREFUSED', 1),
    'npm cannot reach its registry; check the network and run this again',
  ],
  ['a full disk', () => writeNpm(WHOLE, 'npm error code ENOSPC', 1), SPACE],
  [
    'a full disk that npm only warns of',
    () => writeNpm('', 'npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device, write'),
    SPACE,
  ],
  [
    'a program that fails',
    () => writeNpm('#!/bin/sh\necho 3.0.1\nexit 1\n'),
    'npm installed no program that answers',
  ],
  [
    'what npm says of anything else',
    () => writeNpm('', 'npm error engine too old', 1),
    'engine too old',
  ],
])('%s: one line, and nothing is left', (_, prepare, message) => {
  prepare();
  expect(install).toThrow(new Error(`tool 3: ${message}`));
  expect(installed()).toEqual([]);
});
