import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  adoptCredentials,
  linkCredentials,
  unlinkCredentials,
} from '../../src/overlay/credentials.ts';

const NAME = '.credentials.json';
const NOW = new Date('2026-11-21T03:45:00Z');
const OTHER_DISK = '/dev/shm';
const other = statSync(OTHER_DISK, { throwIfNoEntry: false });
const canCross = other !== undefined && other.dev !== statSync(tmpdir()).dev;
const FAST = other === undefined ? tmpdir() : OTHER_DISK;

type Home = ReturnType<typeof openHome>;
type Actor = 'plain' | 'a' | 'b';

/** What Codex does to the file of one home: in place, and away with it when no login is left. */
function openHome(home: string) {
  const file = join(home, NAME);
  const read = (): Record<string, string> =>
    existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const write = (logins: Record<string, string>, at: number, how: 'in place' | 'replaced') => {
    if (Object.keys(logins).length === 0) return rmSync(file, { force: true });
    const place = how === 'in place' ? file : `${file}.new`;
    writeFileSync(place, JSON.stringify(logins), { mode: 0o600 });
    if (how === 'replaced') renameSync(place, file);
    utimesSync(file, at, at);
  };
  return {
    file,
    read,
    logIn: (server: string, login: string, at: number, how: 'in place' | 'replaced' = 'in place') =>
      write({ ...read(), [server]: login }, at, how),
    logOut(server: string, at: number) {
      const { [server]: gone, ...rest } = read();
      if (gone !== undefined) write(rest, at, 'in place');
    },
  };
}

/** A shared home and two slots, on one file system or on two. */
function openHomes(kind: 'link' | 'copy') {
  const made = [FAST, kind === 'link' ? FAST : tmpdir()].map((dir) =>
    mkdtempSync(join(dir, 'hotswap-test-')),
  );
  const [sharedHome, runtime] = made as [string, string];
  const slotOf = (name: string) => {
    const slot = { home: join(runtime, name), side: join(runtime, `${name}.side`), sharedHome };
    for (const dir of [slot.home, slot.side]) mkdirSync(dir, { mode: 0o700 });
    return slot;
  };
  return {
    sharedHome,
    slots: { a: slotOf('a'), b: slotOf('b') },
    close: () => {
      for (const dir of made) rmSync(dir, { recursive: true });
    },
  };
}

function open(kind: 'link' | 'copy' = 'link') {
  const homes = openHomes(kind);
  onTestFinished(homes.close);
  return homes;
}

const backupsIn = (home: string) => readdirSync(home).filter((name) => name.includes('backup'));

describe('every pair of changes by a session, another session and plain Codex', () => {
  type Change = (home: Home, at: number, by: Actor) => void;
  const CHANGES: Record<string, Change> = {
    'renewed in place': (home, at, by) => home.logIn('x', `x-${by}-${at}`, at),
    'renewed by a new file': (home, at, by) => home.logIn('x', `x-${by}-${at}`, at, 'replaced'),
    'logged in': (home, at, by) => home.logIn('y', `y-${by}-${at}`, at),
    'logged out': (home, at) => home.logOut('x', at),
    'logged out of all': (home, at) => {
      for (const server of Object.keys(home.read())) home.logOut(server, at);
    },
  };
  const actors: Actor[] = ['plain', 'a', 'b'];
  const steps = actors.flatMap((by) =>
    Object.entries(CHANGES).map(([what, change]) => ({ by, what, change })),
  );
  const pairs = steps.flatMap((first) => [[first], ...steps.map((second) => [first, second])]);

  const starts = [
    ['link', { x: 'x-0', k: 'k-0' }],
    ['link', {}],
    ['copy', { x: 'x-0', k: 'k-0' }],
    ['copy', {}],
  ] as const;
  const possible = starts.filter(([kind]) => kind === 'link' || canCross);

  test.each(possible)(
    '(%s, from %j): no login is lost that nobody has logged out of',
    (kind, start) => {
      for (const pair of pairs)
        expect(play(kind, start, pair)).toEqual(expect.objectContaining({ wrong: [] }));
      expect(pairs.length).toBe(240);
    },
  );

  function play(kind: 'link' | 'copy', start: Record<string, string>, pair: typeof steps) {
    const { sharedHome, slots, close } = openHomes(kind);
    const homes = {
      plain: openHome(sharedHome),
      a: openHome(slots.a.home),
      b: openHome(slots.b.home),
    };
    for (const [server, login] of Object.entries(start)) homes.plain.logIn(server, login, 1000);
    for (const slot of [slots.a, slots.b]) linkCredentials(slot);
    // What a person would say is logged in: a logout concerns the login that its Codex saw.
    const alive: Record<string, string> = { ...start };
    pair.forEach(({ by, change }, index) => {
      const before = homes[by].read();
      change(homes[by], 2000 + index, by);
      const after = homes[by].read();
      for (const server of new Set([...Object.keys(before), ...Object.keys(after)])) {
        const [was, is] = [before[server], after[server]];
        if (is !== undefined && is !== was) alive[server] = is;
        else if (is === undefined && alive[server] === was) delete alive[server];
      }
    });
    for (const slot of [slots.a, slots.b, slots.a]) adoptCredentials(slot, NOW);
    const found = homes.plain.read();
    // The next child sees what is there.
    const linked = [slots.a, slots.b].map((slot) => linkCredentials(slot));
    const wrong = [
      ...(linked.includes('drifted') ? [linked] : []),
      ...Object.keys(alive).filter((server) => found[server] !== alive[server]),
      // One inode under three names does not tell who has made and removed a login since: it stays.
      ...Object.keys(found).filter(
        (server) =>
          alive[server] === undefined &&
          (kind === 'copy' || Object.values(start).includes(found[server] ?? '')),
      ),
      ...[slots.a, slots.b].flatMap((slot) =>
        JSON.stringify(openHome(slot.home).read()) === JSON.stringify(found) ? [] : [slot.home],
      ),
      ...[sharedHome, slots.a.home].flatMap((home) =>
        readdirSync(home).filter((name) => name !== NAME && !name.includes('backup')),
      ),
      ...(adoptCredentials(slots.a, NOW) === undefined ? [] : ['not at rest']),
    ];
    close();
    return { wrong, pair: pair.map(({ by, what }) => `${by}: ${what}`), alive, found };
  }
});

describe('found in the field', () => {
  test('plain Codex logs out of its last server, a session logs in to another in place', () => {
    const { sharedHome, slots } = open();
    const [plain, session] = [openHome(sharedHome), openHome(slots.a.home)];
    plain.logIn('x', 'x-0', 1000);
    linkCredentials(slots.a);
    const { ino } = statSync(session.file);
    plain.logOut('x', 2000);
    session.logIn('y', 'y-1', 3000);
    expect(statSync(session.file).ino).toBe(ino);
    const adopted = adoptCredentials(slots.a, NOW);
    expect(plain.read()).toEqual({ y: 'y-1' });
    // Of what was logged out, the backup tells.
    expect(adopted).toEqual({
      outcome: 'new',
      backup: join(sharedHome, backupsIn(sharedHome)[0] ?? ''),
    });
    expect(JSON.parse(readFileSync(adopted?.backup ?? '', 'utf8'))).toEqual({ x: 'x-0', y: 'y-1' });
  });

  test('a session logs out, another logs in: neither undoes the other', () => {
    const { sharedHome, slots } = open();
    const plain = openHome(sharedHome);
    plain.logIn('x', 'x-0', 1000);
    for (const slot of [slots.a, slots.b]) linkCredentials(slot);
    openHome(slots.a.home).logOut('x', 2000);
    openHome(slots.b.home).logIn('y', 'y-1', 3000);
    for (const slot of [slots.a, slots.b]) adoptCredentials(slot, NOW);
    expect(plain.read()).toEqual({ y: 'y-1' });
  });

  test('logged out before a handoff: the next child of the session is not logged in again', () => {
    const { sharedHome, slots } = open();
    openHome(sharedHome).logIn('x', 'x-0', 1000);
    linkCredentials(slots.a);
    openHome(slots.a.home).logOut('x', 2000);
    expect(linkCredentials(slots.a)).toBe('drifted');
    expect(existsSync(join(slots.a.home, NAME))).toBe(false);
    expect(adoptCredentials(slots.a, NOW)).toMatchObject({ outcome: 'removed by the session' });
  });

  test('killed in the middle of a release: no logout is concluded', () => {
    const { sharedHome, slots } = open();
    const plain = openHome(sharedHome);
    plain.logIn('x', 'x-0', 1000);
    linkCredentials(slots.a);
    // Its first half; the second removes the file.
    rmSync(join(slots.a.side, 'credentials.linked'));
    unlinkSync(join(slots.a.home, NAME));
    expect(adoptCredentials(slots.a, NOW)).toBeUndefined();
    expect(plain.read()).toEqual({ x: 'x-0' });
  });

  test('a half written file does not replace a whole one', () => {
    const { sharedHome, slots } = open();
    const plain = openHome(sharedHome);
    plain.logIn('x', 'x-0', 1000);
    linkCredentials(slots.a);
    unlinkSync(join(slots.a.home, NAME));
    writeFileSync(join(slots.a.home, NAME), '{"x":"x-');
    const adopted = adoptCredentials(slots.a, NOW);
    expect(plain.read()).toEqual({ x: 'x-0' });
    expect(readFileSync(adopted?.backup ?? '', 'utf8')).toBe('{"x":"x-');
  });

  test('no file but one without a login: {} is removed, not kept', () => {
    const { sharedHome, slots } = open();
    writeFileSync(join(slots.a.home, NAME), '{}');
    adoptCredentials(slots.a, NOW);
    expect(readdirSync(sharedHome)).toEqual([]);
    expect(readdirSync(slots.a.home)).toEqual([]);
  });

  test.skipIf(!canCross)('only renewed: no backup is made, across file systems', () => {
    const { sharedHome, slots } = open('copy');
    openHome(sharedHome).logIn('x', 'x-0', 1000);
    linkCredentials(slots.a);
    openHome(slots.a.home).logIn('x', 'x-1', 2000);
    expect(adoptCredentials(slots.a, NOW)).toEqual({ outcome: 'newer in the session' });
    expect(readdirSync(sharedHome)).toEqual([NAME]);
    expect(statSync(join(sharedHome, NAME))).toMatchObject({ mtimeMs: 2_000_000 });
  });

  test('a backup that cannot be made: nothing is touched, and the release leaves it', () => {
    const { sharedHome, slots } = open();
    openHome(sharedHome).logIn('x', 'x-0', 1000);
    linkCredentials(slots.a);
    unlinkSync(join(slots.a.home, NAME));
    openHome(slots.a.home).logIn('x', 'x-1', 3000);
    rmSync(sharedHome, { recursive: true });
    expect(() => adoptCredentials(slots.a, NOW)).toThrow();
    unlinkCredentials(slots.a);
    expect(openHome(slots.a.home).read()).toEqual({ x: 'x-1' });
    mkdirSync(sharedHome);
  });
});

test('no other place in src/ takes a .credentials.json away, and there one function does', () => {
  const root = new URL('../../src/', import.meta.url);
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file, text: readFileSync(new URL(file, root), 'utf8') }));
  const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  const named = sources.filter(({ text }) =>
    /\.credentials\.json'|\bCREDENTIALS\b/.test(code(text)),
  );
  // home-table.ts has its policy; adopt.ts and furnish.ts put the name into reports.
  expect(named.map(({ file }) => file).sort()).toEqual([
    'codex/home-table.ts',
    'overlay/adopt.ts',
    'overlay/credentials-files.ts',
    'overlay/credentials-replace.ts',
    'overlay/furnish.ts',
  ]);
  const ours = sources.filter(({ file }) => file.startsWith('overlay/credentials'));
  for (const { file, text } of named) {
    if (!ours.some((one) => one.file === file))
      expect(code(text)).not.toMatch(/(join|resolve)\([^)]*CREDENTIALS/);
  }
  const taking = ours.flatMap(({ file, text }) =>
    [
      ...code(text).matchAll(
        /\b(?:rename|unlink|rm|cp)(?:Sync)?\(.*|\b(?:removeQuietly|replaceFile|backUp|move\w*)\(.*/g,
      ),
    ].map(([call]) => `${file.slice('overlay/credentials'.length)}: ${call}`),
  );
  expect(taking.sort()).toEqual(
    [
      '.ts: backUp(side === theirs ? shared : own, now, shared));',
      '-record.ts: replaceFile(recordFile(slot), JSON.stringify(digestLogins(logins)), { sync: false });',
      '-record.ts: rmSync(recordFile(slot), { force: true });',
      '-replace.ts: removeQuietly(temporary);',
      '-replace.ts: removeQuietly(temporary);',
      '-replace.ts: renameSync(successor, path);',
      '-replace.ts: unlinkSync(path);',
      '-replace.ts: cpSync(from, to, { preserveTimestamps: true });',
    ].sort(),
  );
});
