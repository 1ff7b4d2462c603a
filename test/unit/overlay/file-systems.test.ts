import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { adoptSlot } from '../../../src/overlay/adopt.ts';
import { furnishSlot } from '../../../src/overlay/furnish.ts';
import { leaseSlot } from '../../../src/overlay/lease.ts';
import { ownIdentity } from '../../../src/state/process-identity.ts';
import { makeScratchHome } from '../state/scratch-home.ts';

const OTHER_DISK = '/dev/shm';

// Without a second file system at hand, as on macOS, there is nothing to cross.
const other = statSync(OTHER_DISK, { throwIfNoEntry: false });
const canCross = other !== undefined && other.dev !== statSync('.').dev;

test.skipIf(!canCross)('a shared home on another file system: copied in and out', () => {
  const sharedHome = mkdtempSync(join(OTHER_DISK, 'hotswap-test-'));
  onTestFinished(() => rmSync(sharedHome, { recursive: true }));
  const paths = makeScratchHome();
  const slot = leaseSlot(paths, sharedHome, ownIdentity());
  const ours = (entry: string) => join(slot.home, entry);
  const theirs = (entry: string) => join(sharedHome, entry);
  const adopt = () =>
    adoptSlot(slot, { vaults: [], orphansDir: paths.orphansDir, now: new Date() });

  writeFileSync(theirs('.credentials.json'), 'old', { mode: 0o600 });
  furnishSlot(slot);
  expect(readFileSync(ours('.credentials.json'), 'utf8')).toBe('old');
  expect(furnishSlot(slot).drifted).toEqual([]);
  expect(adopt()).toEqual({ adopted: [], problems: [] });

  writeFileSync(ours('.credentials.json'), 'new');
  mkdirSync(ours('new-dir'));
  writeFileSync(ours('new-dir/file'), 'x', { mode: 0o600 });
  expect(adopt()).toMatchObject({
    adopted: [
      { entry: '.credentials.json', outcome: 'newer in the session' },
      { entry: 'new-dir', outcome: 'new' },
    ],
    problems: [],
  });
  expect(readFileSync(theirs('.credentials.json'), 'utf8')).toBe('new');
  expect(statSync(theirs('.credentials.json')).mode & 0o777).toBe(0o600);
  expect(readFileSync(theirs('new-dir/file'), 'utf8')).toBe('x');
  expect(statSync(theirs('new-dir/file')).mode & 0o777).toBe(0o600);
  expect(furnishSlot(slot)).toEqual({ linked: [], removed: [], drifted: [] });

  writeFileSync(theirs('.credentials.json'), 'changed by another session');
  expect(furnishSlot(slot).drifted).toEqual(['.credentials.json']);
  adopt();
  expect(readFileSync(ours('.credentials.json'), 'utf8')).toBe('changed by another session');

  rmSync(ours('.credentials.json'));
  expect(adopt().adopted).toMatchObject([{ outcome: 'removed by the session' }]);
  expect(statSync(theirs('.credentials.json'), { throwIfNoEntry: false })).toBeUndefined();
});

test.skipIf(!canCross)(
  'a fifo in a new directory: the rest is brought home, without litter',
  () => {
    const sharedHome = mkdtempSync(join(OTHER_DISK, 'hotswap-test-'));
    onTestFinished(() => rmSync(sharedHome, { recursive: true }));
    const paths = makeScratchHome();
    const slot = leaseSlot(paths, sharedHome, ownIdentity());
    furnishSlot(slot);
    const before = readdirSync(sharedHome);
    mkdirSync(join(slot.home, 'new-dir'));
    writeFileSync(join(slot.home, 'new-dir', 'file'), 'x');
    // Node has no mkfifo(3).
    expect(spawnSync('mkfifo', [join(slot.home, 'new-dir', 'fifo')]).status).toBe(0);
    const options = { vaults: [], orphansDir: paths.orphansDir, now: new Date() };
    expect(adoptSlot(slot, options).problems).toEqual([]);
    expect(readdirSync(join(sharedHome, 'new-dir'))).toEqual(['file']);
    expect(readdirSync(sharedHome).sort()).toEqual([...before, 'new-dir'].sort());
  },
);
