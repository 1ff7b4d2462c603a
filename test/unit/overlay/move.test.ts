import { spawnSync } from 'node:child_process';
import nodeFs, {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { copyNew, type FileSystem, moveNew, moveOver } from '../../../src/overlay/move.ts';
import { sweepTemporaries } from '../../../src/overlay/temporaries.ts';

type Move = (from: string, to: string, fs: FileSystem) => unknown;

/** Two directories, which a file system made by {@link fileSystem} takes for two disks. */
function open() {
  const root = mkdtempSync(join(tmpdir(), 'move-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [slot, home] = [join(root, 'slot'), join(root, 'home')];
  for (const dir of [slot, home]) mkdirSync(dir);
  return { root, slot, home, from: join(slot, 'entry'), to: join(home, 'entry') };
}

interface Faults {
  /** Two disks: nothing is renamed or linked from one to the other. */
  disks?: readonly [string, string];
  hasHardLinks?: boolean;
  /** The call that fails, counted from 1, and whether all after it do: the process was killed. */
  failing?: number;
  isKilled?: boolean;
  /** Done before each call. */
  meanwhile?: (call: number, name: string) => void;
}

const NAMED = [
  'lstat',
  'mkdir',
  'readdir',
  'chmod',
  'copyFile',
  'open',
  'fsync',
  'close',
  'utimes',
];
const CALLS = [...NAMED, 'link', 'symlink', 'readlink', 'rename', 'rm'].map(
  (name) => `${name}Sync`,
);

/** The real file system, with faults; `count` is how many calls were made. */
function fileSystem(faults: Faults): { fs: FileSystem; count: () => number } {
  let count = 0;
  const error = (code: string) => Object.assign(new Error(code), { code });
  const diskOf = (path: unknown) =>
    faults.disks?.findIndex((disk) => String(path).startsWith(disk));
  const call = (name: string, args: unknown[]) => {
    count++;
    faults.meanwhile?.(count, name);
    if (count === faults.failing || (faults.isKilled && count > (faults.failing ?? 0))) {
      throw error('ENOSPC');
    }
    const crosses = name === 'linkSync' || name === 'renameSync';
    if (crosses && diskOf(args[0]) !== diskOf(args[1])) throw error('EXDEV');
    if (name === 'linkSync' && faults.hasHardLinks === false) throw error('EPERM');
    return (nodeFs as unknown as Record<string, (...args: unknown[]) => unknown>)[name]?.(...args);
  };
  const fs = {
    ...nodeFs,
    ...Object.fromEntries(CALLS.map((name) => [name, (...args: unknown[]) => call(name, args)])),
  };
  return { fs: fs as FileSystem, count: () => count };
}

const makeFile = (path: string) => {
  writeFileSync(path, 'content', { mode: 0o640 });
  utimesSync(path, 1000, 1000);
};
const makeTree = (path: string) => {
  mkdirSync(join(path, 'below'), { recursive: true });
  makeFile(join(path, 'a'));
  makeFile(join(path, 'below', 'b'));
  symlinkSync('a', join(path, 'link'));
  chmodSync(path, 0o750);
};
const makeLink = (path: string) => symlinkSync('/nowhere', path);

/** Everything below a directory: names, contents, modes. */
function show(path: string): unknown {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isSymbolicLink()) return readlinkSync(path);
  if (stats.isFile()) return [readFileSync(path, 'utf8'), stats.mode & 0o777, stats.mtimeMs];
  const names = readdirSync(path).sort();
  return {
    mode: stats.mode & 0o777,
    ...Object.fromEntries(names.map((name) => [name, show(join(path, name))])),
  };
}

const KINDS: [string, (path: string) => void][] = [
  ['file', makeFile],
  ['tree', makeTree],
  ['link', makeLink],
];
const DISKS = [
  'one disk',
  'two disks',
  'two disks without hard links',
  'one disk without hard links',
];
const faultsOf = (disks: string, slot: string, home: string): Faults => ({
  ...(disks.startsWith('two') ? { disks: [slot, home] as const } : {}),
  hasHardLinks: !disks.endsWith('without hard links'),
});

describe.each(DISKS)('on %s', (disks) => {
  const start = (make: (path: string) => void) => {
    const places = open();
    make(places.from);
    const faults = faultsOf(disks, places.slot, places.home);
    return { ...places, faults, content: show(places.from) };
  };

  test.each(KINDS)('a %s is moved whole, with its times and modes', (_, make) => {
    const { from, to, slot, home, faults, content } = start(make);
    expect(moveNew(from, to, fileSystem(faults).fs)).toBe(true);
    expect(show(to)).toEqual(content);
    expect([readdirSync(slot), readdirSync(home)]).toEqual([[], ['entry']]);
  });

  test.each(KINDS)('a %s does not take the place of what is there', (_, make) => {
    for (const occupy of [makeFile, makeTree, makeLink]) {
      const { from, to, home, faults, content } = start(make);
      occupy(to);
      const before = show(to);
      expect(moveNew(from, to, fileSystem(faults).fs)).toBe(false);
      expect([show(from), show(to), readdirSync(home)]).toEqual([content, before, ['entry']]);
    }
  });

  test.each(KINDS)(
    'a %s: made by another process before any of the calls, nothing is lost',
    (_, make) => {
      const dry = start(make);
      const { fs, count } = fileSystem(dry.faults);
      moveNew(dry.from, dry.to, fs);
      for (let at = 1; at <= count(); at++) {
        const { from, to, home, faults, content } = start(make);
        let isMade = false;
        const meanwhile = (call: number) => {
          if (call !== at || existsSync(to) || lstatSync(to, { throwIfNoEntry: false })) return;
          writeFileSync(to, 'theirs');
          isMade = true;
        };
        const isMoved = moveNew(from, to, fileSystem({ ...faults, meanwhile }).fs);
        expect([at, isMoved]).toEqual([at, !isMade]);
        expect(isMade ? [readFileSync(to, 'utf8'), show(from)] : show(to)).toEqual(
          isMade ? ['theirs', content] : content,
        );
        expect(readdirSync(home)).toEqual(['entry']);
      }
    },
  );

  const moves: [string, Move, boolean][] = [
    ['move to a new name', moveNew, false],
    ['move over another', moveOver, true],
    ['copy', copyNew, false],
  ];
  const scenes = moves.flatMap(([what, move, isOver]) =>
    KINDS.filter(([kind]) => !isOver || kind === 'file').map(
      ([kind, make]) => [what, kind, move, make, isOver] as const,
    ),
  );

  test.each(scenes)(
    '%s, a %s: each call fails once, and nothing is lost or left over',
    (_what, _kind, move, make, isOver) => {
      const run = (failing: number | undefined, isKilled = false) => {
        const places = start(make);
        if (isOver) writeFileSync(places.to, 'older');
        const { fs, count } = fileSystem({
          ...places.faults,
          ...(failing === undefined ? {} : { failing, isKilled }),
        });
        let isDone = true;
        try {
          move(places.from, places.to, fs);
        } catch (error) {
          isDone = false;
          expect((error as { code?: string }).code).toBe('ENOSPC');
        }
        return { ...places, count: count(), isDone };
      };
      const { count } = run(undefined);
      expect(count).toBeGreaterThan(0);
      for (let failing = 1; failing <= count; failing++) {
        const { from, to, home, content, isDone } = run(failing);
        const kept = [show(from), show(to)];
        expect(kept, `call ${failing}`).toContainEqual(content);
        if (isDone) expect(kept[1], `call ${failing}`).toEqual(content);
        const litter = readdirSync(home).filter((name) => name !== 'entry');
        expect(litter, `call ${failing}`).toEqual([]);
        if (move !== copyNew && lstatSync(from, { throwIfNoEntry: false })) {
          // The next time it works: what was done is found and not done twice.
          if (!lstatSync(to, { throwIfNoEntry: false })) move(from, to, nodeFs);
          expect(show(to)).toBeDefined();
        }

        const killed = run(failing, true);
        const found = [show(killed.from), show(killed.to)];
        expect(found, `killed at call ${failing}`).toContainEqual(killed.content);
      }
    },
  );
});

test('a fifo in a directory is left out, and keeps nothing from being moved', () => {
  const { from, to, slot, home } = open();
  makeTree(from);
  mkdirSync(join(from, 'pipes'));
  // Node has no mkfifo(3).
  expect(spawnSync('mkfifo', [join(from, 'pipes', 'fifo')]).status).toBe(0);
  expect(moveNew(from, to, fileSystem({ disks: [slot, home] }).fs)).toBe(true);
  expect(readdirSync(join(to, 'pipes'))).toEqual([]);
  expect([existsSync(from), readdirSync(home)]).toEqual([false, ['entry']]);
});

describe('what dead processes left unfinished', () => {
  const DEAD = 2 ** 22 + 1; // above the highest pid there can be
  const nameOf = (pid: number) => `.entry.hotswap-${pid}-0a1b2c3d`;

  test('is removed when it is a minute old, that of the living is not', () => {
    const { home } = open();
    mkdirSync(join(home, nameOf(DEAD), 'below'), { recursive: true });
    writeFileSync(join(home, nameOf(process.pid)), '');
    writeFileSync(join(home, nameOf(process.ppid)), '');
    sweepTemporaries(home);
    expect(readdirSync(home)).toHaveLength(3); // too young
    sweepTemporaries(home, readdirSync(home), Date.now() + 61_000);
    expect(readdirSync(home).sort()).toEqual([nameOf(process.pid), nameOf(process.ppid)].sort());
    expect(statSync(home).isDirectory()).toBe(true);
  });

  test('stays while it is young by the clock of its file system, whatever ours says', () => {
    const { home } = open();
    writeFileSync(join(home, nameOf(DEAD)), ''); // of another machine, say
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 7_200_000 });
    onTestFinished(() => void vi.useRealTimers());
    sweepTemporaries(home);
    expect(readdirSync(home)).toEqual([nameOf(DEAD)]);
  });
});
