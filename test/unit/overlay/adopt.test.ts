import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { KnownVault } from '../../../src/accounts/place-login.ts';
import { adoptSlot } from '../../../src/overlay/adopt.ts';
import { furnishSlot } from '../../../src/overlay/furnish.ts';
import { releaseSlot } from '../../../src/overlay/lease.ts';
import type { Slot } from '../../../src/overlay/slot.ts';
import type { Paths } from '../../../src/state/paths.ts';
import { forgeAuth } from '../state/scratch-home.ts';
import { openSlot } from './open-slot.ts';

const NOW = new Date('2026-11-21T03:45:00Z');
const BACKUP = 'hotswap-backup-20261121T034500Z';

function openFurnished() {
  const opened = openSlot();
  furnishSlot(opened.slot);
  return opened;
}

/** Puts a real file where the link was, dated by `seconds` (epoch). */
function put(path: string, content: string, seconds = 1000): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  utimesSync(path, seconds, seconds);
}

const adopt = (paths: Paths, slot: Slot, vaults: KnownVault[] = []) =>
  adoptSlot(slot, { vaults, orphansDir: paths.orphansDir, now: NOW });
const read = (path: string) => readFileSync(path, 'utf8');

describe('entries', () => {
  test('a furnished slot has nothing to adopt', () => {
    const { paths, slot } = openFurnished();
    expect(adopt(paths, slot)).toEqual({ adopted: [], problems: [] });
  });

  test('a new file and a new directory go to the shared home and are linked', () => {
    const { paths, slot, ours, theirs } = openFurnished();
    put(ours('new-file.json'), 'x');
    put(ours('new-dir/sub/file'), 'y');
    expect(adopt(paths, slot).adopted).toEqual([
      { entry: 'new-dir', outcome: 'new' },
      { entry: 'new-file.json', outcome: 'new' },
    ]);
    expect(read(theirs('new-file.json'))).toBe('x');
    expect(read(theirs('new-dir/sub/file'))).toBe('y');
    expect(readlinkSync(ours('new-dir'))).toBe(theirs('new-dir'));
    expect(adopt(paths, slot).adopted).toEqual([]);
  });

  test('a link that became a newer file wins; the loser is kept', () => {
    const { paths, slot, ours, theirs } = openFurnished();
    put(theirs('notes.json'), 'old', 1000);
    furnishSlot(slot);
    put(ours('notes.json'), 'new', 2000);
    const backup = `${theirs('notes.json')}.${BACKUP}`;
    expect(adopt(paths, slot).adopted).toEqual([
      { entry: 'notes.json', outcome: 'newer in the session', backup },
    ]);
    expect([read(theirs('notes.json')), read(backup)]).toEqual(['new', 'old']);
    expect(readlinkSync(ours('notes.json'))).toBe(theirs('notes.json'));
  });

  test('an older one loses and is kept', () => {
    const { paths, slot, ours, theirs } = openFurnished();
    put(theirs('notes.json'), 'theirs', 2000);
    put(ours('notes.json'), 'ours', 1000);
    const [adoption] = adopt(paths, slot).adopted;
    expect(adoption).toMatchObject({ outcome: 'newer in the Codex home' });
    expect(read(theirs('notes.json'))).toBe('theirs');
    expect(read(adoption?.backup as string)).toBe('ours');
    expect(lstatSync(ours('notes.json')).isSymbolicLink()).toBe(true);
  });

  test('the same content is nobody’s loss', () => {
    const { paths, slot, ours, theirs } = openFurnished();
    put(theirs('notes.json'), 'same', 2000);
    put(ours('notes.json'), 'same', 1000);
    expect(adopt(paths, slot)).toEqual({ adopted: [], problems: [] });
    expect(readdirSync(slot.sharedHome).filter((name) => name.includes('backup'))).toEqual([]);
  });

  test('two backups in one second do not overwrite each other', () => {
    const { paths, slot, ours, theirs } = openFurnished();
    put(theirs('notes.json'), 'one', 1000);
    put(ours('notes.json'), 'two', 2000);
    adopt(paths, slot);
    put(ours('notes.json'), 'three', 3000);
    adopt(paths, slot);
    const backups = readdirSync(slot.sharedHome).filter((name) => name.includes('backup'));
    expect(backups.map((name) => read(theirs(name))).sort()).toEqual(['one', 'two']);
  });

  test.each([
    'installation_id',
    'version.json',
    'update-cache.json',
    'some.lock',
    '.tmp/plugins.sha',
    'plugins/cache/catalogue.json',
    'skills/.system/marker',
  ])('%s, which Codex makes anew: the newer stays, without a backup', (entry) => {
    for (const [seconds, winner] of [
      [2000, 'ours'],
      [500, 'theirs'],
    ] as const) {
      const { paths, slot, ours, theirs } = openFurnished();
      const top = entry.split('/')[0] as string;
      rmSync(ours(top), { recursive: true, force: true });
      put(ours(entry), 'ours', seconds);
      put(theirs(entry), 'theirs', 1000);
      const { adopted, problems } = adopt(paths, slot);
      expect(problems).toEqual([]);
      expect(adopted.map(({ backup }) => backup)).toEqual([undefined]);
      expect(read(theirs(entry))).toBe(winner);
      expect(readlinkSync(ours(top))).toBe(theirs(top));
      const names = readdirSync(slot.sharedHome, { recursive: true, encoding: 'utf8' });
      expect(names.filter((name) => name.includes('hotswap'))).toEqual([]);
    }
  });

  test('directories are merged file by file', () => {
    const { paths, slot, ours, theirs } = openFurnished();
    put(theirs('sessions/2026/a.jsonl'), 'a', 2000);
    put(theirs('sessions/2026/b.jsonl'), 'old', 1000);
    rmSync(ours('sessions'));
    put(ours('sessions/2026/b.jsonl'), 'new', 2000);
    put(ours('sessions/2027/c.jsonl'), 'c');
    const { adopted, problems } = adopt(paths, slot);
    expect(problems).toEqual([]);
    expect(adopted.map(({ entry }) => entry).sort()).toEqual([
      'sessions/2026/b.jsonl',
      'sessions/2027',
    ]);
    expect(read(theirs('sessions/2026/a.jsonl'))).toBe('a');
    expect(read(theirs('sessions/2026/b.jsonl'))).toBe('new');
    expect(read(theirs('sessions/2027/c.jsonl'))).toBe('c');
    expect(readlinkSync(ours('sessions'))).toBe(theirs('sessions'));
  });

  test('a file against a directory: both are kept', () => {
    const { paths, slot, ours, theirs } = openFurnished();
    rmSync(ours('skills'));
    put(ours('skills'), 'a file', 9_999_999_999);
    put(theirs('skills/x'), 'x');
    const [adoption] = adopt(paths, slot).adopted;
    expect(read(theirs('skills/x'))).toBe('x');
    expect(read(adoption?.backup as string)).toBe('a file');
  });

  test('the user’s link in the shared home is followed, not replaced', () => {
    const { paths, slot, ours, theirs } = openFurnished();
    const dotfile = join(paths.home, 'dotfiles', 'codex.toml');
    put(dotfile, 'old', 1000);
    symlinkSync(dotfile, theirs('config.toml'));
    put(ours('config.toml'), 'new', 2000);
    adopt(paths, slot);
    expect(readlinkSync(theirs('config.toml'))).toBe(dotfile);
    expect(read(dotfile)).toBe('new');
  });

  test.each(['tmp', 'cache', 'ipc', 'packages', 'app-server-control', 'app-server-daemon'])(
    '%s stays where it is and is not looked into',
    (name) => {
      const { paths, slot, ours, theirs } = openFurnished();
      put(join(theirs(name), 'theirs'), 'theirs');
      put(join(ours(name), 'file'), 'x');
      expect(adopt(paths, slot)).toEqual({ adopted: [], problems: [] });
      expect(read(join(ours(name), 'file'))).toBe('x');
      expect(readdirSync(theirs(name))).toEqual(['theirs']);
    },
  );

  test('a socket belongs to its process', async () => {
    const { paths, slot, ours, theirs } = openFurnished();
    const server = createServer().listen(ours('some.sock'));
    await new Promise((done) => server.once('listening', done));
    expect(adopt(paths, slot)).toEqual({ adopted: [], problems: [] });
    expect(existsSync(theirs('some.sock'))).toBe(false);
    server.close();
  });

  test('an entry that fails does not keep the others from being adopted', () => {
    const { paths, slot, ours, theirs } = openFurnished();
    put(join(paths.home, 'a-file'), '');
    symlinkSync(join(paths.home, 'a-file', 'below'), theirs('broken-link'));
    put(ours('broken-link'), 'kept', 9_999_999_999);
    put(ours('fine'), 'fine');
    const { adopted } = adopt(paths, slot);
    expect(adopted.map(({ entry }) => entry)).toContain('fine');
    const kept = [
      ours('broken-link'),
      theirs('broken-link'),
      ...adopted.map((a) => a.backup ?? ''),
    ];
    expect(kept.filter((path) => existsSync(path)).map(read)).toContain('kept');
  });
});

describe('.credentials.json', () => {
  const NAME = '.credentials.json';

  test('is one inode under two names, so a write in place is a write in both', () => {
    const { slot, ours, theirs } = openSlot();
    put(theirs(NAME), 'old');
    furnishSlot(slot);
    writeFileSync(ours(NAME), 'new');
    expect(read(theirs(NAME))).toBe('new');
    expect(lstatSync(ours(NAME)).isFile()).toBe(true);
  });

  test('new in the session: shared from then on', () => {
    const { paths, slot, ours, theirs } = openFurnished();
    put(ours(NAME), 'login');
    chmodSync(ours(NAME), 0o600);
    expect(adopt(paths, slot).adopted).toEqual([{ entry: NAME, outcome: 'new' }]);
    expect(statSync(theirs(NAME)).ino).toBe(statSync(ours(NAME)).ino);
    expect(statSync(theirs(NAME)).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['newer in the session', 2000, 'ours', 'theirs'],
    ['newer in the Codex home', 1000, 'theirs', 'ours'],
  ])('parted inodes, %s', (outcome, seconds, winner, loser) => {
    const { paths, slot, ours, theirs } = openSlot();
    put(theirs(NAME), 'before', 500);
    furnishSlot(slot);
    put(theirs(NAME), 'theirs', 1500);
    put(ours(NAME), 'ours', seconds);
    const backup = `${theirs(NAME)}.${BACKUP}`;
    expect(adopt(paths, slot).adopted).toEqual([{ entry: NAME, outcome, backup }]);
    expect([read(theirs(NAME)), read(ours(NAME)), read(backup)]).toEqual([winner, winner, loser]);
    expect(statSync(theirs(NAME)).ino).toBe(statSync(ours(NAME)).ino);
  });

  test('replaced in the shared home by another session with the same content: linked again', () => {
    const { paths, slot, ours, theirs } = openSlot();
    put(theirs(NAME), 'same');
    furnishSlot(slot);
    put(theirs(NAME), 'same');
    expect(adopt(paths, slot)).toEqual({ adopted: [], problems: [] });
    expect(statSync(theirs(NAME)).ino).toBe(statSync(ours(NAME)).ino);
  });

  test('removed by the session (the last MCP logout): removed for all, kept as a backup', () => {
    const { paths, slot, ours, theirs } = openSlot();
    put(theirs(NAME), 'login');
    furnishSlot(slot);
    rmSync(ours(NAME));
    expect(adopt(paths, slot).adopted).toMatchObject([{ outcome: 'removed by the session' }]);
    expect(existsSync(theirs(NAME))).toBe(false);
    expect(read(`${theirs(NAME)}.${BACKUP}`)).toBe('login');
  });

  test('removed in the shared home meanwhile: not brought back', () => {
    const { paths, slot, ours, theirs } = openSlot();
    put(theirs(NAME), 'login');
    furnishSlot(slot);
    rmSync(theirs(NAME));
    expect(adopt(paths, slot).adopted).toMatchObject([{ outcome: 'removed in the Codex home' }]);
    expect(existsSync(ours(NAME)) || existsSync(theirs(NAME))).toBe(false);
  });

  test('a released slot shows nothing, and the next lease what is there then', () => {
    const { paths, slot, ours, theirs } = openSlot();
    put(theirs(NAME), 'login');
    furnishSlot(slot);
    adopt(paths, slot);
    releaseSlot(slot);
    expect(existsSync(ours(NAME))).toBe(false);
    expect(adopt(paths, slot)).toEqual({ adopted: [], problems: [] });
    rmSync(theirs(NAME));
    put(theirs(NAME), 'another login');
    furnishSlot(slot);
    expect(read(ours(NAME))).toBe('another login');
  });

  test('what was not adopted survives a release', () => {
    const { slot, ours } = openSlot();
    put(ours(NAME), 'login');
    releaseSlot(slot);
    expect(read(ours(NAME))).toBe('login');
  });

  test('a slot leased again does not take an old removal for a new one', () => {
    const { paths, slot, theirs } = openSlot();
    put(theirs(NAME), 'login');
    expect(adopt(paths, slot)).toEqual({ adopted: [], problems: [] });
    expect(read(theirs(NAME))).toBe('login');
  });
});

describe('a real auth.json', () => {
  function openVault(paths: Paths, name: string, content?: string): KnownVault {
    const authFile = join(paths.home, `.codex-${name}`, 'auth.json');
    mkdirSync(dirname(authFile), { mode: 0o700 });
    if (content !== undefined) writeFileSync(authFile, content, { mode: 0o600 });
    return { name, authFile };
  }

  /** The texts of the logins that are kept for the user. */
  const keptIn = ({ orphansDir }: Paths) =>
    readdirSync(orphansDir).map((name) => read(join(orphansDir, name)));

  test('newer than the vault’s: it becomes the vault’s, whose own is kept', () => {
    const { paths, slot, ours } = openFurnished();
    const vault = openVault(paths, 'a', forgeAuth({ issuedAt: 1000 }));
    const other = openVault(paths, 'b', forgeAuth({ user: 'user-2' }));
    const renewed = forgeAuth({ issuedAt: 2000 });
    put(ours('auth.json'), renewed);
    expect(adopt(paths, slot, [other, vault]).auth).toEqual({ kind: 'vaulted', vault: 'a' });
    expect(read(vault.authFile)).toBe(renewed);
    expect(keptIn(paths)).toEqual([forgeAuth({ issuedAt: 1000 })]);
    expect(statSync(vault.authFile).mode & 0o777).toBe(0o600);
    expect(existsSync(ours('auth.json'))).toBe(false);
  });

  test('last_refresh counts where it is younger than the token', () => {
    const { paths, slot, ours } = openFurnished();
    const vault = openVault(paths, 'a', forgeAuth({ issuedAt: 1_800_000_000 }));
    const renewed = forgeAuth({
      issuedAt: 1_800_000_000,
      lastRefresh: '2030-01-01T00:00:00.5Z',
    }).replace('refresh-user-1-', 'refresh-another-');
    put(ours('auth.json'), renewed);
    expect(adopt(paths, slot, [vault]).auth).toMatchObject({ kind: 'vaulted' });
    expect(read(vault.authFile)).toBe(renewed);
  });

  test('older: the vault’s stays, and it is kept beside', () => {
    const { paths, slot, ours } = openFurnished();
    const held = forgeAuth({ issuedAt: 2000 });
    const vault = openVault(paths, 'a', held);
    put(ours('auth.json'), forgeAuth({ issuedAt: 1000 }));
    expect(adopt(paths, slot, [vault]).auth).toEqual({
      ...{ kind: 'outdated', vault: 'a', isSame: false },
    });
    expect(read(vault.authFile)).toBe(held);
    expect(keptIn(paths)).toEqual([forgeAuth({ issuedAt: 1000 })]);
    expect(existsSync(ours('auth.json'))).toBe(false);
  });

  test('an empty vault with that identity on record takes it', () => {
    const { paths, slot, ours } = openFurnished();
    const identity = { userId: 'user-1', accountId: 'account-1' };
    const vault = { ...openVault(paths, 'a'), identity };
    put(ours('auth.json'), forgeAuth());
    expect(adopt(paths, slot, [vault]).auth).toEqual({ kind: 'vaulted', vault: 'a' });
    expect(read(vault.authFile)).toBe(forgeAuth());
  });

  test.each([
    [
      'of nobody we know',
      () => forgeAuth({ user: 'stranger' }),
      /is the login of no known account/,
    ],
    ['same person, other workspace', () => forgeAuth({ account: 'other' }), /no known account/],
    ['without an identity', () => '{"tokens":{}}', /./],
    ['broken', () => '{"tokens":', /is not valid JSON/],
    [
      'as fresh as the vault’s, but another',
      () => forgeAuth().replace('refresh-user-1-', 'refresh-another-'),
      /not clear whether .* is newer/,
    ],
  ])('%s: kept among the orphans, 0600', (_, make, reason) => {
    const { paths, slot, ours } = openFurnished();
    const vault = openVault(paths, 'a', forgeAuth());
    put(ours('auth.json'), make());
    const { auth } = adopt(paths, slot, [vault]);
    expect(auth).toMatchObject({ kind: 'orphaned', reason: expect.stringMatching(reason) });
    const [file] = readdirSync(paths.orphansDir);
    expect(read(join(paths.orphansDir, file as string))).toBe(make());
    expect(statSync(join(paths.orphansDir, file as string)).mode & 0o777).toBe(0o600);
    expect(read(vault.authFile)).toBe(forgeAuth());
    expect(existsSync(ours('auth.json'))).toBe(false);
    expect(JSON.stringify(auth)).not.toContain('refresh-');
  });

  test('a vault that was taken by another account is not overwritten', () => {
    const { paths, slot, ours } = openFurnished();
    const identity = { userId: 'user-1', accountId: 'account-1' };
    const vault = { ...openVault(paths, 'a', forgeAuth({ user: 'intruder' })), identity };
    put(ours('auth.json'), forgeAuth({ issuedAt: 1_900_000_000 }));
    expect(adopt(paths, slot, [vault]).auth).toMatchObject({ kind: 'orphaned' });
    expect(read(vault.authFile)).toBe(forgeAuth({ user: 'intruder' }));
  });

  test('the link to a vault is no drift', () => {
    const { paths, slot, ours } = openFurnished();
    const vault = openVault(paths, 'a', forgeAuth());
    symlinkSync(vault.authFile, ours('auth.json'));
    expect(adopt(paths, slot, [vault])).toEqual({ adopted: [], problems: [] });
    expect(readlinkSync(ours('auth.json'))).toBe(vault.authFile);
  });
});
