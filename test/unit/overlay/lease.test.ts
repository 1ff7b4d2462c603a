import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { leaseSlot, recordUsers, releaseSlot } from '../../../src/overlay/lease.ts';
import { pointAuth } from '../../../src/overlay/point-auth.ts';
import type { Slot } from '../../../src/overlay/slot.ts';
import type { Paths } from '../../../src/state/paths.ts';
import {
  ownIdentity,
  processStartTime,
  processTable,
} from '../../../src/state/process-identity.ts';
import { makeScratchHome, withUmask } from '../state/scratch-home.ts';

const SCRIPT = fileURLToPath(new URL('../../fixtures/overlay/lease-slot.ts', import.meta.url));

interface Leaser {
  child: ChildProcess;
  go(): void;
  nextLine(): Promise<string>;
}

/** A process that waits for `go` and then leases; killed when the test is over. */
async function startLeaser(paths: Paths, ...args: string[]): Promise<Leaser> {
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, paths.home, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => String((await lines.next()).value);
  expect(await nextLine()).toBe('ready');
  return { child, nextLine, go: () => child.stdin?.write('\n') };
}

async function startLeasers(count: number, paths: Paths, ...args: string[]): Promise<Leaser[]> {
  return await Promise.all(Array.from({ length: count }, () => startLeaser(paths, ...args)));
}

async function leaseAll(leasers: Leaser[]): Promise<Slot[]> {
  for (const leaser of leasers) leaser.go();
  return await Promise.all(leasers.map(async (leaser) => JSON.parse(await leaser.nextLine())));
}

/** Makes the processes sleep at any point of what they do: between looking at a slot and claiming it, too. */
function stopAtRandom(leasers: Leaser[]): NodeJS.Timeout {
  return setInterval(() => {
    const { child } = leasers[Math.floor(Math.random() * leasers.length)] as Leaser;
    child.kill('SIGSTOP');
    setTimeout(() => child.kill('SIGCONT'), 1 + Math.random() * 20);
  }, 3);
}

async function killAll(leasers: Leaser[]): Promise<void> {
  for (const { child } of leasers) child.kill('SIGKILL');
  await Promise.all(
    leasers.map(({ child }) => child.exitCode ?? child.signalCode ?? once(child, 'exit')),
  );
}

const lease = (paths: Paths, sharedHome = paths.sharedHome) =>
  leaseSlot(paths, sharedHome, ownIdentity());
const numbersOf = (slots: Slot[]) => slots.map(({ number }) => number).sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('many processes at once', () => {
  test('20 leases are 20 slots; after kill -9 others reclaim them, each once', async () => {
    const paths = makeScratchHome();
    const first = await startLeasers(20, paths, 'hold');
    const slots = await leaseAll(first);
    expect(numbersOf(slots)).toEqual(upTo(20));
    expect(slots.every(({ leaseNumber }) => leaseNumber === 1)).toBe(true);
    await killAll(first);

    const second = await startLeasers(6, paths, 'hold');
    const reclaimed = await leaseAll(second);
    expect(new Set(numbersOf(reclaimed)).size).toBe(6);
    for (const { number, leaseNumber, reclaimedFrom } of reclaimed) {
      const former = first[slots.findIndex((slot) => slot.number === number)];
      expect(leaseNumber).toBe(2);
      expect(reclaimedFrom).toEqual({ pid: former?.child.pid });
    }
    await killAll(second);
  });

  test('one dead slot, several claimants: exactly one gets it', async () => {
    const paths = makeScratchHome();
    const [dead] = (await startLeasers(1, paths, 'hold')) as [Leaser];
    await leaseAll([dead]);
    await killAll([dead]);
    const claimants = await startLeasers(5, paths, 'hold');
    const slots = await leaseAll(claimants);
    expect(numbersOf(slots)).toEqual(upTo(5));
    expect(slots.filter(({ reclaimedFrom }) => reclaimedFrom).map(({ number }) => number)).toEqual([
      1,
    ]);
    await killAll(claimants);
  });

  test('leased and released without pause, a slot never has two users', async () => {
    const paths = makeScratchHome();
    const leasers = await startLeasers(4, paths, 'cycle', '500');
    for (const leaser of leasers) leaser.go();
    const stutter = stopAtRandom(leasers);
    const results = await Promise.all(leasers.map((leaser) => leaser.nextLine()));
    clearInterval(stutter);
    expect(results.map((line) => JSON.parse(line))).toEqual(leasers.map(() => ({ intrusions: 0 })));
    // No garbage: one lease each, no temporary files.
    for (const name of readdirSync(paths.runtimeDir).filter((entry) => entry.endsWith('.side'))) {
      const files = readdirSync(join(paths.runtimeDir, name)).sort();
      expect(files).toEqual(['home.json', expect.stringMatching(/^lease\.\d+$/)]);
    }
  });
});

describe('one process', () => {
  test('takes the lowest free slot again and again', () => {
    const paths = makeScratchHome();
    const [one, two] = [lease(paths), lease(paths)];
    expect(numbersOf([one, two])).toEqual([1, 2]);
    releaseSlot(one);
    const again = lease(paths);
    expect(again).toMatchObject({ number: 1, leaseNumber: 2, home: one.home });
    expect(again.reclaimedFrom).toBeUndefined();
    expect(readdirSync(again.side).sort()).toEqual(['home.json', 'lease.2']);
  });

  test.each([0, 0o077, 0o277])('all is private under umask %o', (mask) => {
    const paths = makeScratchHome();
    const slot = withUmask(mask, () => lease(paths));
    const modes = [paths.runtimeDir, slot.home, slot.side].map((dir) => statSync(dir).mode & 0o777);
    expect(modes).toEqual([0o700, 0o700, 0o700]);
    const files = readdirSync(slot.side).map(
      (name) => statSync(join(slot.side, name)).mode & 0o777,
    );
    expect(files).toEqual([0o600, 0o600]);
  });

  test('a slot of another shared home is not touched', () => {
    const paths = makeScratchHome();
    releaseSlot(lease(paths));
    const other = lease(paths, join(paths.home, 'other-codex'));
    expect(other.number).toBe(2);
    releaseSlot(other);
    expect(lease(paths).number).toBe(1);
  });

  test('the slot’s path is canonical, as Codex makes CODEX_HOME canonical', () => {
    const paths = makeScratchHome();
    mkdirSync(join(paths.home, 'disk'));
    mkdirSync(join(paths.home, '.local'));
    symlinkSync(join(paths.home, 'disk'), join(paths.home, '.local', 'state'));
    const { home } = lease(paths);
    expect(home).toBe(join(realpathSync(join(paths.home, 'disk')), 'codex-hotswap/runtime/slot-1'));
  });

  test('a directory others can write in is refused', () => {
    const paths = makeScratchHome();
    releaseSlot(lease(paths));
    chmodSync(paths.runtimeDir, 0o777);
    expect(() => lease(paths)).toThrow(expect.objectContaining({ code: 'unsafe-path' }));
  });

  test('no more than 64', () => {
    const paths = makeScratchHome();
    expect(numbersOf(upTo(64).map(() => lease(paths)))).toEqual(upTo(64));
    expect(() => lease(paths)).toThrow(expect.objectContaining({ code: 'no-free-slot' }));
  });

  test('a purged slot (a link to the shared home) becomes a directory again', () => {
    const paths = makeScratchHome();
    mkdirSync(paths.runtimeDir, { recursive: true, mode: 0o700 });
    const place = join(paths.runtimeDir, 'slot-1');
    symlinkSync(paths.sharedHome, place);
    expect(lease(paths).home).toBe(place);
    expect(() => readlinkSync(place)).toThrow();
    expect(existsSync(paths.sharedHome)).toBe(true);
  });
});

describe('releasing', () => {
  test.each(['a session’s link', 'no link, as after a logout'])(
    'leads to the login of plain Codex and keeps the skeleton: %s',
    (left) => {
      const paths = makeScratchHome();
      const slot = lease(paths);
      mkdirSync(join(paths.home, 'vault'));
      writeFileSync(join(paths.home, 'vault', 'auth.json'), '{}');
      if (left === 'a session’s link') pointAuth(slot, join(paths.home, 'vault', 'auth.json'));
      symlinkSync(paths.sharedHome, join(slot.home, 'sessions'));
      releaseSlot(slot);
      expect(readdirSync(slot.home).sort()).toEqual(['auth.json', 'sessions']);
      const shared = join(paths.sharedHome, 'auth.json');
      expect(readlinkSync(join(slot.home, 'auth.json'))).toBe(shared);
    },
  );

  test('never removes a real auth.json', () => {
    const slot = lease(makeScratchHome());
    writeFileSync(join(slot.home, 'auth.json'), '{}');
    releaseSlot(slot);
    expect(readdirSync(slot.home)).toEqual(['auth.json']);
  });

  test('what a shell that was left behind has there is the login of plain Codex, whatever that is', () => {
    const paths = makeScratchHome();
    const slot = lease(paths);
    const shared = join(paths.sharedHome, 'auth.json');
    releaseSlot(slot);
    const seen = () => readFileSync(join(slot.home, 'auth.json'), 'utf8');
    for (const name of ['acc1', 'acc2']) {
      writeFileSync(join(paths.home, name), name);
      rmSync(shared, { force: true });
      symlinkSync(join(paths.home, name), shared);
      expect(seen()).toBe(name);
    }
    rmSync(shared);
    writeFileSync(shared, 'a file, as after uninstall');
    expect(seen()).toBe('a file, as after uninstall');
  });

  test('by one who was thought dead disturbs nobody', () => {
    const paths = makeScratchHome();
    const slot = lease(paths);
    renameSync(join(slot.side, 'lease.1'), join(slot.side, 'lease.2')); // somebody took over
    const their = join(paths.home, 'auth.json');
    writeFileSync(their, '{}');
    pointAuth(slot, their);
    releaseSlot(slot);
    recordUsers(slot, []);
    expect(readdirSync(slot.side).sort()).toEqual(['home.json', 'lease.2']);
    expect(readlinkSync(join(slot.home, 'auth.json'))).toBe(their);
    expect(lease(paths).number).toBe(2);
  });
});

describe('who is dead', () => {
  const own = ownIdentity();
  const [boot] = processTable().split('/');
  const day = 86_400_000;
  test.each([
    ['our own process', { users: [own], table: processTable() }, 2],
    [
      'a pid that began at another time',
      { users: [{ ...own, startTime: '1' }], table: processTable() },
      1,
    ],
    ['no users', { users: [], table: processTable() }, 1],
    ['another boot', { users: [own], table: 'other-boot/pid:[1]' }, 1],
    ['another container, today', { users: [own], table: `${boot}/pid:[1]`, at: Date.now() }, 2],
    [
      'another container, long ago',
      { users: [own], table: `${boot}/pid:[1]`, at: Date.now() - 8 * day },
      1,
    ],
    ['nonsense', 'x', 1],
    ['released', { released: true }, 1],
  ])('%s', (_, record, expected) => {
    const paths = makeScratchHome();
    const slot = lease(paths);
    writeFileSync(join(slot.side, 'lease.1'), JSON.stringify(record));
    expect(lease(paths).number).toBe(expected);
  });

  test('half a lease, as after a power cut', () => {
    const paths = makeScratchHome();
    const slot = lease(paths);
    writeFileSync(join(slot.side, 'lease.1'), '');
    expect(lease(paths)).toMatchObject({ number: 1, leaseNumber: 2, reclaimedFrom: { pid: 0 } });
  });

  test('a slot without any lease file is left alone', () => {
    const paths = makeScratchHome();
    const slot = lease(paths);
    rmSync(join(slot.side, 'lease.1'));
    expect(lease(paths).number).toBe(2);
  });

  test('… and is mended when nobody has touched it for a minute', () => {
    const paths = makeScratchHome();
    const slot = lease(paths);
    writeFileSync(join(slot.home, 'left'), '');
    rmSync(join(slot.side, 'lease.1'));
    const time = Date.now() / 1000 - 61;
    utimesSync(slot.side, time, time);
    // What is in it is brought home, as after any session that was killed.
    expect(lease(paths)).toMatchObject({ number: 1, reclaimedFrom: { pid: 0 } });
    expect(lease(paths).number).toBe(2);
  });

  test('a child that outlives its supervisor keeps the slot', async () => {
    const paths = makeScratchHome();
    const slot = lease(paths);
    const child = spawn('sleep', ['100'], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const pid = child.pid as number;
    const user = { pid, startTime: processStartTime(pid) as string };
    recordUsers(slot, [{ pid: 2 ** 22, startTime: '1' }, user]);
    expect(lease(paths).number).toBe(2);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(lease(paths).number).toBe(1);
  });
});
