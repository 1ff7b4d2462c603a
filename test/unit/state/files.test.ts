import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  assertOwned,
  ensurePrivateDir,
  isTemporaryName,
  readJson,
  replaceFile,
  setAside,
  temporaryName,
} from '../../../src/state/files.ts';
import { makeScratchHome, withUmask } from './scratch-home.ts';

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const UMASKS = [0o000, 0o022, 0o077, 0o277];
const isRoot = process.getuid?.() === 0;

describe('private directories', () => {
  test.each(UMASKS)('are 0700, parents too, under umask %o', (mask) => {
    const { home } = makeScratchHome();
    withUmask(mask, () => ensurePrivateDir(join(home, 'a', 'b', 'c')));
    for (const dir of ['a', 'a/b', 'a/b/c']) expect(modeOf(join(home, dir))).toBe('700');
  });

  test.each([
    ['group-writable', 0o770],
    ['world-writable', 0o707],
  ])('%s ones are refused with the way out', (_, mode) => {
    const { home } = makeScratchHome();
    const dir = join(home, 'dir');
    mkdirSync(dir);
    chmodSync(dir, mode);
    expect(() => ensurePrivateDir(dir)).toThrow(
      expect.objectContaining({ code: 'unsafe-path', advice: `run: chmod 700 ${dir}` }),
    );
    expect(modeOf(dir)).toBe(mode.toString(8));
  });

  test.skipIf(!isRoot)('somebody else’s are refused', () => {
    const { home } = makeScratchHome();
    const dir = join(home, 'dir');
    mkdirSync(dir, { mode: 0o700 });
    chownSync(dir, 65534, 65534);
    expect(() => ensurePrivateDir(dir)).toThrow(expect.objectContaining({ code: 'unsafe-path' }));
    expect(() => assertOwned(dir)).toThrow(/belongs to another user/);
  });

  test('a file in the way says that the home cannot be written', () => {
    const { home } = makeScratchHome();
    writeFileSync(join(home, 'file'), '');
    expect(() => ensurePrivateDir(join(home, 'file', 'dir'))).toThrow(
      expect.objectContaining({ code: 'home-unwritable' }),
    );
  });

  test('a home that cannot be written says so', () => {
    // Modes do not bind root, and /proc (/dev on macOS) takes directories of nobody.
    const unwritable = process.platform === 'linux' ? '/proc/self' : '/dev/fd';
    expect(() => ensurePrivateDir(join(unwritable, '.local', 'state'))).toThrow(
      expect.objectContaining({ code: 'home-unwritable' }),
    );
  });
});

describe('replacing a file', () => {
  test.each(UMASKS)('gives mode 0600 under umask %o and leaves nothing beside', (mask) => {
    const { home } = makeScratchHome();
    const file = join(home, 'file');
    writeFileSync(file, 'old', { mode: 0o666 });
    withUmask(mask, () => replaceFile(file, 'new'));
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(modeOf(file)).toBe('600');
    expect(readdirSync(home)).toEqual(['.codex', 'file']);
  });

  test('a link is replaced, not followed', () => {
    const { home } = makeScratchHome();
    writeFileSync(join(home, 'target'), 'old');
    symlinkSync('target', join(home, 'link'));
    replaceFile(join(home, 'link'), 'new');
    expect(readFileSync(join(home, 'target'), 'utf8')).toBe('old');
  });

  test('a missing directory is an expected error, and the old file stays', () => {
    const { home } = makeScratchHome();
    expect(() => replaceFile(join(home, 'none', 'file'), '')).toThrow(
      expect.objectContaining({ code: 'home-unwritable' }),
    );
    mkdirSync(join(home, 'dir'));
    expect(() => replaceFile(join(home, 'dir'), '')).toThrow(
      expect.objectContaining({ code: 'home-unwritable' }),
    );
    expect(readdirSync(home)).toEqual(['.codex', 'dir']);
  });
});

describe('setting aside', () => {
  test('renames, never overwrites', () => {
    const { home } = makeScratchHome();
    const now = new Date('2026-11-21T03:45:00.123Z');
    const names = [1, 2, 3].map((content) => {
      writeFileSync(join(home, 'x.json'), String(content));
      return setAside(join(home, 'x.json'), now);
    });
    expect(names.map((name) => name.slice(home.length + 1))).toEqual([
      'x.json.broken-20261121T034500Z',
      'x.json.broken-20261121T034500Z-2',
      'x.json.broken-20261121T034500Z-3',
    ]);
    expect(names.map((name) => readFileSync(name, 'utf8'))).toEqual(['1', '2', '3']);
    expect(existsSync(join(home, 'x.json'))).toBe(false);
  });
});

describe('reading JSON', () => {
  test.each([
    ['{"a":1}', { kind: 'ok', value: { a: 1 } }],
    ['{"token":"secret', { kind: 'broken', reason: 'is not valid JSON' }],
    ['', { kind: 'broken', reason: 'is empty' }],
  ])('%j', (content, expected) => {
    const { home } = makeScratchHome();
    writeFileSync(join(home, 'x.json'), content);
    expect(readJson(join(home, 'x.json'))).toEqual(expected);
  });

  test('missing, under a file, a directory', () => {
    const { home } = makeScratchHome();
    writeFileSync(join(home, 'file'), '');
    expect(readJson(join(home, 'x.json'))).toEqual({ kind: 'missing' });
    expect(readJson(join(home, 'file', 'x.json'))).toEqual({ kind: 'missing' });
    expect(readJson(home)).toEqual({ kind: 'broken', reason: 'cannot be read (EISDIR)' });
  });
});

test('temporary names are recognised', () => {
  expect(isTemporaryName(temporaryName('auth.json'))).toBe(true);
  expect(isTemporaryName('.tmpabc123')).toBe(false);
  expect(isTemporaryName('config.toml')).toBe(false);
});
