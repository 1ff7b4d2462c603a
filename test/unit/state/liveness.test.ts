import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { beatsLately } from '../../../src/state/heartbeat.ts';
import { type Ownership, readOwnership } from '../../../src/state/lease-record.ts';
import {
  comparePlaces,
  type Distance,
  type Place,
  readPlace,
} from '../../../src/state/machine-place.ts';
import { ownIdentity, processTable } from '../../../src/state/process-identity.ts';

const HERE = { machine: 'm', name: 'n', boot: 'b', pids: 'p' };
const MINUTE = 60_000;

type Choice = 'same' | 'other' | 'unknown';
const CHOICES: Choice[] = ['same', 'other', 'unknown'];

function place(machine: Choice, boot: Choice, pids: Choice, name = 'n'): Place {
  const value = (choice: Choice, own: string) =>
    choice === 'unknown' ? undefined : choice === 'same' ? own : `other ${own}`;
  return readPlace({
    name,
    machine: value(machine, 'm'),
    boot: value(boot, 'b'),
    pids: value(pids, 'p'),
  }) as Place;
}

/** How each place is related to ours: machine, boot, pid namespace (same, other, unknown). */
const DISTANCES: Record<Choice, Record<Choice, [Distance, Distance, Distance]>> = {
  same: {
    same: ['here', 'elsewhere', 'elsewhere'],
    other: ['gone', 'elsewhere', 'elsewhere'],
    unknown: ['unknown', 'unknown', 'unknown'],
  },
  other: {
    same: ['elsewhere', 'elsewhere', 'elsewhere'],
    other: ['elsewhere', 'elsewhere', 'elsewhere'],
    unknown: ['unknown', 'unknown', 'unknown'],
  },
  unknown: {
    same: ['here', 'elsewhere', 'elsewhere'],
    other: ['elsewhere', 'elsewhere', 'elsewhere'],
    unknown: ['unknown', 'unknown', 'unknown'],
  },
};

const USERS = {
  alive: ownIdentity(),
  dead: { pid: 999_999_999, startTime: '1' },
  reused: { pid: process.pid, startTime: '1' },
};
type Pid = keyof typeof USERS;

const BEATS = { fresh: -4 * MINUTE, old: -6 * MINUTE, future: 60 * MINUTE };
type Beat = keyof typeof BEATS;

/** Who decides: the pid, nobody, the last touch, or either of both. */
const HELD: Record<Distance, (pid: Pid, beat: Beat) => boolean> = {
  here: (pid) => pid === 'alive',
  gone: () => false,
  elsewhere: (_, beat) => beat !== 'old',
  unknown: (pid, beat) => pid === 'alive' || beat !== 'old',
};

let dir: string;
let count = 0;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'leases-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function writeLease(content: unknown, beat: Beat = 'fresh'): string {
  const file = join(dir, `lease.${count++}`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  const seconds = (Date.now() + BEATS[beat]) / 1000;
  utimesSync(file, seconds, seconds);
  return file;
}

const cases = CHOICES.flatMap((machine) =>
  CHOICES.flatMap((boot) =>
    CHOICES.map((pids, index) => ({
      machine,
      boot,
      pids,
      distance: DISTANCES[machine][boot][index] as Distance,
    })),
  ),
);

describe.each(cases)(
  'machine $machine, boot $boot, pids $pids',
  ({ machine, boot, pids, distance }) => {
    const theirs = place(machine, boot, pids);

    test(`is ${distance}`, () => {
      expect(comparePlaces(theirs, HERE)).toBe(distance);
    });

    test.each(Object.keys(USERS) as Pid[])(
      'pid %s, touched lately, long ago, in the future',
      (pid) => {
        for (const beat of Object.keys(BEATS) as Beat[]) {
          // What 0.1.0 reads must not matter.
          const lease = { users: [USERS[pid]], at: 0, table: processTable(), place: theirs };
          const { kind } = readOwnership(writeLease(lease, beat), { here: HERE });
          expect([beat, kind]).toEqual([beat, HELD[distance](pid, beat) ? 'owned' : 'orphaned']);
        }
      },
    );
  },
);

test('machines of one image, which share an id and not a name, are two', () => {
  expect(comparePlaces(place('same', 'other', 'same', 'another name'), HERE)).toBe('elsewhere');
  // A name that changes with the network is no other machine as long as the boot is the same.
  expect(comparePlaces(place('same', 'same', 'same', 'another name'), HERE)).toBe('here');
});

test('a system that does not say its own boot knows nothing of others', () => {
  expect(comparePlaces(HERE, { name: 'n' })).toBe('unknown');
});

const [boot = ''] = processTable().split('/');
const TODAY = Date.now();
const LONG_AGO = Date.now() - 8 * 24 * 60 * MINUTE;
const users = [ownIdentity()];
const dead = [USERS.dead];

describe('a lease of version 0.1.0, or none of ours', () => {
  test.each<[string, unknown, Ownership['kind']]>([
    ['here, alive', { users, at: LONG_AGO, table: processTable() }, 'owned'],
    ['here, dead', { users: dead, at: TODAY, table: processTable() }, 'orphaned'],
    ['here, reused', { users: [USERS.reused], at: TODAY, table: processTable() }, 'orphaned'],
    ['another container, lately', { users: dead, at: TODAY, table: `${boot}/pid:[1]` }, 'owned'],
    ['another container, long ago', { users, at: LONG_AGO, table: `${boot}/pid:[1]` }, 'orphaned'],
    ['another boot or machine, lately', { users: dead, at: TODAY, table: 'x/pid:[1]' }, 'owned'],
    ['another boot or machine, long ago', { users, at: LONG_AGO, table: 'x/pid:[1]' }, 'orphaned'],
    ['a macOS under another name, lately', { users: dead, at: TODAY, table: 'mac.local' }, 'owned'],
    ['released', { released: true }, 'free'],
    ['a text', 'null', 'free'],
    ['without users', { users: [], table: processTable() }, 'orphaned'],
    ['users that are none', { users: [null, 5, {}], table: processTable() }, 'orphaned'],
    ['a place that is none', { users, table: processTable(), place: 5 }, 'owned'],
    ['broken', '{"users":[', 'orphaned'],
    ['empty', '', 'orphaned'],
  ])('%s', (_, content, kind) => {
    // They are not touched, so the time of the file does not matter.
    for (const beat of Object.keys(BEATS) as Beat[]) {
      expect(readOwnership(writeLease(content, beat)).kind).toBe(kind);
    }
  });

  test('one that is replaced while we look', () => {
    expect(readOwnership(join(dir, 'lease.gone')).kind).toBe('owned');
  });

  test.runIf(process.platform === 'linux')('one that cannot be read', () => {
    expect(readOwnership('/proc/self/mem').kind).toBe('owned'); // EIO
  });
});

describe('the clock that counts is that of the file system', () => {
  const elsewhere = {
    users: [USERS.dead],
    at: 0,
    table: 'x',
    place: place('other', 'other', 'same'),
  };

  test.each([-3, 3])('ours is wrong by %i hours', (hours) => {
    const [young, old] = [writeLease(elsewhere), writeLease(elsewhere, 'old')];
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 60 * MINUTE });
    try {
      expect(readOwnership(young).kind).toBe('owned');
      expect(readOwnership(old).kind).toBe('orphaned');
    } finally {
      vi.useRealTimers();
    }
  });

  test('a time in the future is held once, and grows old from now on', () => {
    const file = writeLease(elsewhere, 'future');
    expect(readOwnership(file).kind).toBe('owned');
    expect(Math.abs(statSync(file).mtimeMs - Date.now())).toBeLessThan(MINUTE);
  });

  test.runIf(process.platform === 'linux')('what it cannot be asked for is held', () => {
    // Nothing can be made in /proc.
    const file = '/proc/version';
    expect(statSync(file).isFile()).toBe(true);
    expect(beatsLately(file)).toBe(true);
  });
});
