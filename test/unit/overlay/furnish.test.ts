import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { furnishSlot } from '../../../src/overlay/furnish.ts';
import { pointAuth } from '../../../src/overlay/point-auth.ts';
import type { Paths } from '../../../src/state/paths.ts';
import { openSlot } from './open-slot.ts';

// No program can make a file older than it is, as told by its ctime.
const clock = vi.hoisted(() => ({ ahead: 0 }));
vi.mock('../../../src/state/file-clock.ts', async (load) => {
  const { fileSystemTime } = await load<typeof import('../../../src/state/file-clock.ts')>();
  return { fileSystemTime: (dir: string) => (fileSystemTime(dir) ?? 0) + clock.ahead };
});

describe('furnishing', () => {
  test('links what is shared, also what nobody has heard of', () => {
    const { slot, ours, theirs } = openSlot();
    writeFileSync(theirs('AGENTS.md'), 'be kind');
    mkdirSync(theirs('some-future-thing'));
    furnishSlot(slot);
    for (const name of ['AGENTS.md', 'some-future-thing', 'sessions', 'config.toml']) {
      expect(readlinkSync(ours(name))).toBe(theirs(name));
    }
    expect(readFileSync(ours('AGENTS.md'), 'utf8')).toBe('be kind');
  });

  test('shared directories are made first, private (fact 30)', () => {
    const { slot, ours, theirs } = openSlot();
    furnishSlot(slot);
    for (const name of ['sessions', 'thread-writer-locks', 'shell_snapshots']) {
      expect(statSync(theirs(name)).mode & 0o777).toBe(0o700);
      expect(lstatSync(ours(name)).isSymbolicLink()).toBe(true);
    }
  });

  test('files still missing are made in the shared home by a write through the link', () => {
    const { slot, ours, theirs } = openSlot();
    furnishSlot(slot);
    writeFileSync(ours('history.jsonl'), 'line', { flag: 'a' });
    expect(readFileSync(theirs('history.jsonl'), 'utf8')).toBe('line');
  });

  test.each([
    'auth.json',
    'auth.json.lock',
    'models_cache.json',
    'cache',
    'tmp',
    'ipc',
    'packages',
    'app-server-control',
    'app-server-daemon',
    'state_5.sqlite',
    'state_5.sqlite-wal',
    'config.toml.hotswap-backup-20261121T034500Z',
    '.config.toml.hotswap-123-0a1b2c3d',
  ])('%s of the shared home is not shown', (name) => {
    const { paths, slot, ours, theirs } = openSlot();
    writeFileSync(theirs(name), 'x');
    symlinkSync(theirs(name), ours(name)); // as an older version of ours might have left it
    const vault = makeVault(paths, 'a');
    if (name === 'auth.json') pointAuth(slot, vault);
    furnishSlot(slot);
    const left = lstatSync(ours(name), { throwIfNoEntry: false });
    expect(left === undefined ? 'nothing' : readlinkSync(ours(name))).toBe(
      name === 'auth.json' ? vault : 'nothing',
    );
  });

  test('what a process left unfinished in the shared home when it died is removed', () => {
    const { slot, theirs } = openSlot();
    const left = theirs('.AGENTS.md.hotswap-4194305-0a1b2c3d');
    writeFileSync(left, 'half');
    clock.ahead = 61_000;
    onTestFinished(() => {
      clock.ahead = 0;
    });
    furnishSlot(slot);
    expect(existsSync(left)).toBe(false);
  });

  test('the second time there is nothing to do', () => {
    const { slot, theirs } = openSlot();
    writeFileSync(theirs('.credentials.json'), '{}');
    expect(furnishSlot(slot).linked.length).toBeGreaterThan(10);
    expect(furnishSlot(slot)).toEqual({ linked: [], removed: [], drifted: [] });
  });

  test('links follow what comes, goes and points elsewhere', () => {
    const { slot, ours, theirs } = openSlot();
    writeFileSync(theirs('hooks.json'), '{}');
    furnishSlot(slot);
    rmSync(theirs('hooks.json'));
    writeFileSync(theirs('AGENTS.md'), '');
    rmSync(ours('sessions'));
    symlinkSync('/elsewhere', ours('sessions'));
    expect(furnishSlot(slot)).toEqual({
      linked: expect.arrayContaining(['AGENTS.md', 'sessions']),
      removed: ['hooks.json'],
      drifted: [],
    });
    expect(readlinkSync(ours('sessions'))).toBe(theirs('sessions'));
  });

  test('what is real is reported, not touched', () => {
    const { slot, ours, theirs } = openSlot();
    writeFileSync(ours('version.json'), 'real');
    mkdirSync(ours('new-directory'));
    mkdirSync(ours('tmp'));
    writeFileSync(theirs('.credentials.json'), 'theirs');
    writeFileSync(ours('.credentials.json'), 'ours');
    expect(furnishSlot(slot).drifted.sort()).toEqual([
      '.credentials.json',
      'new-directory',
      'version.json',
    ]);
    expect(readFileSync(ours('version.json'), 'utf8')).toBe('real');
  });

  test('the user’s own links in the shared home stay links', () => {
    const { slot, paths, ours, theirs } = openSlot();
    writeFileSync(`${paths.home}/dotfile.toml`, 'model = "x"');
    symlinkSync(`${paths.home}/dotfile.toml`, theirs('config.toml'));
    furnishSlot(slot);
    expect(readlinkSync(ours('config.toml'))).toBe(theirs('config.toml'));
    expect(readFileSync(ours('config.toml'), 'utf8')).toBe('model = "x"');
  });

  test('a ready skeleton of 40 entries costs little', () => {
    const { slot, theirs } = openSlot();
    for (let index = 0; index < 40; index++) writeFileSync(theirs(`entry-${index}`), '');
    furnishSlot(slot);
    const times = Array.from({ length: 20 }, () => {
      const start = performance.now();
      furnishSlot(slot);
      return performance.now() - start;
    }).sort((a, b) => a - b);
    expect(times[10]).toBeLessThan(3);
    expect(readdirSync(slot.home).length).toBeGreaterThan(40);
  });
});

describe('pointing at an account', () => {
  test('replaces the link and leaves nothing beside', () => {
    const { paths, slot, ours } = openSlot();
    for (const name of ['a', 'b']) pointAuth(slot, makeVault(paths, name));
    expect(readlinkSync(ours('auth.json'))).toBe(join(paths.home, '.codex-b/auth.json'));
    expect(readdirSync(slot.home)).toEqual(['auth.json']);
  });

  test('refuses a vault without a login, and a slot that is the vault', () => {
    const { paths, slot, ours } = openSlot();
    pointAuth(slot, makeVault(paths, 'a'));
    const refused = expect.objectContaining({ code: 'bad-vault' });
    expect(() => pointAuth(slot, join(paths.home, '.codex-b/auth.json'))).toThrow(refused);
    symlinkSync(slot.home, join(paths.home, '.codex-c'));
    expect(() => pointAuth(slot, join(paths.home, '.codex-c/auth.json'))).toThrow(refused);
    expect(readlinkSync(ours('auth.json'))).toBe(join(paths.home, '.codex-a/auth.json'));
  });

  test('a login that nobody adopted is not overwritten', () => {
    const { slot, ours } = openSlot();
    writeFileSync(ours('auth.json'), 'a login');
    expect(() => pointAuth(slot, '/vault/auth.json')).toThrow(
      expect.objectContaining({ code: 'bad-state' }),
    );
    expect(readFileSync(ours('auth.json'), 'utf8')).toBe('a login');
    expect(readdirSync(slot.home)).toEqual(['auth.json']);
  });
});

/** A vault with something in its auth.json. @returns that file. */
function makeVault({ home }: Pick<Paths, 'home'>, name: string): string {
  const vault = join(home, `.codex-${name}`);
  mkdirSync(vault, { recursive: true, mode: 0o700 });
  writeFileSync(join(vault, 'auth.json'), name, { mode: 0o600 });
  return join(vault, 'auth.json');
}
