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
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { linkSharedLogin, unlinkSharedLogin } from '../../../src/accounts/shared-login.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

function makeHomes() {
  const paths = makeScratchHome();
  const vault = (name: string, content?: string) => {
    const authFile = join(paths.home, `.codex-${name}`, 'auth.json');
    mkdirSync(dirname(authFile), { recursive: true });
    if (content !== undefined) writeFileSync(authFile, content, { mode: 0o600 });
    return { name, authFile };
  };
  return { paths, vault, shared: join(paths.sharedHome, 'auth.json') };
}

describe('priming', () => {
  test('links, leaves a right link alone, and links to the next', () => {
    const { paths, vault, shared } = makeHomes();
    const [a, b] = [vault('a', forgeAuth()), vault('b', forgeAuth({ user: 'b' }))];
    expect(linkSharedLogin(paths, a.authFile)).toEqual({ kind: 'linked' });
    expect(linkSharedLogin(paths, a.authFile)).toEqual({ kind: 'already' });
    expect(linkSharedLogin(paths, b.authFile)).toEqual({ kind: 'linked' });
    expect(readlinkSync(shared)).toBe(b.authFile);
    expect(readdirSync(paths.sharedHome)).toEqual(['auth.json']);
  });

  test('makes a missing shared home', () => {
    const { paths, vault, shared } = makeHomes();
    rmSync(paths.sharedHome, { recursive: true });
    linkSharedLogin(paths, vault('a', forgeAuth()).authFile);
    expect(statSync(paths.sharedHome).mode & 0o777).toBe(0o700);
    expect(readFileSync(shared, 'utf8')).toBe(forgeAuth());
  });

  test('a login of somebody unknown is never overwritten', () => {
    const { paths, vault, shared } = makeHomes();
    const a = vault('a', forgeAuth());
    writeFileSync(shared, forgeAuth({ user: 'stranger' }));
    expect(linkSharedLogin(paths, a.authFile, [a])).toEqual({
      kind: 'foreign-login',
      file: shared,
    });
    expect(readFileSync(shared, 'utf8')).toBe(forgeAuth({ user: 'stranger' }));
  });

  test.each([
    ['newer', 2000, 2000],
    ['older', 500, 1000],
  ])('a %s login of a known target goes to its vault or is spent', (_, issuedAt, kept) => {
    const { paths, vault, shared } = makeHomes();
    const a = vault('a', forgeAuth({ issuedAt: 1000 }));
    const b = vault('b', forgeAuth({ user: 'b' }));
    writeFileSync(shared, forgeAuth({ issuedAt }));
    expect(linkSharedLogin(paths, b.authFile, [a, b])).toEqual({ kind: 'linked' });
    expect(readFileSync(a.authFile, 'utf8')).toBe(forgeAuth({ issuedAt: kept }));
    expect(readlinkSync(shared)).toBe(b.authFile);
  });

  test('a token that is refreshed while its account’s lock is waited for is the one that is placed', () => {
    const { paths, vault, shared } = makeHomes();
    const b = vault('b', forgeAuth({ user: 'b' }));
    const a = {
      ...vault('a', forgeAuth({ issuedAt: 1000 })),
      get lock(): string {
        writeFileSync(shared, forgeAuth({ issuedAt: 3000 })); // an IDE, in those ten seconds
        return join(paths.stateDir, 'lock');
      },
    };
    writeFileSync(shared, forgeAuth({ issuedAt: 2000 }));
    expect(linkSharedLogin(paths, b.authFile, [a, b])).toEqual({ kind: 'linked' });
    expect(readFileSync(a.authFile, 'utf8')).toBe(forgeAuth({ issuedAt: 3000 }));
    expect(readlinkSync(shared)).toBe(b.authFile);
  });

  test('the user’s own link to a login elsewhere stays; a dangling one does not', () => {
    const { paths, vault, shared } = makeHomes();
    const a = vault('a', forgeAuth());
    const own = join(paths.home, 'secrets.json');
    writeFileSync(own, forgeAuth({ user: 'stranger' }));
    symlinkSync(own, shared);
    expect(linkSharedLogin(paths, a.authFile)).toMatchObject({ kind: 'foreign-login' });
    rmSync(own);
    expect(linkSharedLogin(paths, a.authFile)).toEqual({ kind: 'linked' });
  });
});

test.each(['is the vault itself', 'is a link to the vault', 'is reached by another name'])(
  'a shared home that %s is left alone',
  (how) => {
    const { paths, vault } = makeHomes();
    const [a, b] = [vault('a', forgeAuth()), vault('b', forgeAuth({ user: 'b' }))];
    rmSync(paths.sharedHome, { recursive: true });
    if (how === 'is a link to the vault') symlinkSync(dirname(a.authFile), paths.sharedHome);
    const sharedHome = {
      'is the vault itself': dirname(a.authFile),
      'is a link to the vault': paths.sharedHome,
      'is reached by another name': `${paths.home}/./.codex-a`,
    }[how] as string;
    for (const { authFile } of [a, b]) {
      const primed = linkSharedLogin({ ...paths, sharedHome }, authFile, [a, b], { asked: true });
      expect(primed).toEqual({ kind: 'vault-home', vault: 'a' });
    }
    expect(lstatSync(a.authFile).isFile()).toBe(true);
    expect(readFileSync(a.authFile, 'utf8')).toBe(forgeAuth());
  },
);

test('a vault without a login is not linked to, and a link to itself is replaced', () => {
  const { paths, vault, shared } = makeHomes();
  expect(() => linkSharedLogin(paths, vault('a').authFile)).toThrow(
    expect.objectContaining({ code: 'bad-vault' }),
  );
  symlinkSync(shared, shared);
  const a = vault('a', forgeAuth());
  expect(linkSharedLogin(paths, a.authFile, [a])).toEqual({ kind: 'linked' });
  expect(readlinkSync(shared)).toBe(a.authFile);
});

describe('undoing it', () => {
  test('the link becomes a file of its own, 0600; the vault keeps its own', () => {
    const { paths, vault, shared } = makeHomes();
    const a = vault('a', forgeAuth());
    linkSharedLogin(paths, a.authFile);
    expect(unlinkSharedLogin(paths)).toBe('unlinked');
    expect(lstatSync(shared).isFile()).toBe(true);
    expect(statSync(shared).mode & 0o777).toBe(0o600);
    expect(readFileSync(shared, 'utf8')).toBe(forgeAuth());
    expect(readFileSync(a.authFile, 'utf8')).toBe(forgeAuth());
    expect(unlinkSharedLogin(paths)).toBe('nothing');
  });

  test('a link to an empty vault just goes; a foreign link stays', () => {
    const { paths, vault, shared } = makeHomes();
    symlinkSync(vault('a').authFile, shared);
    expect(unlinkSharedLogin(paths)).toBe('unlinked');
    expect(existsSync(shared)).toBe(false);
    writeFileSync(join(paths.home, 'own'), 'x');
    symlinkSync(join(paths.home, 'own'), shared);
    expect(unlinkSharedLogin(paths)).toBe('nothing');
    expect(readlinkSync(shared)).toBe(join(paths.home, 'own'));
  });
});
