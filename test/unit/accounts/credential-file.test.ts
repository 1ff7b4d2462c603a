import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { discardLogin } from '../../../src/accounts/credential/discard.ts';
import { linkLogin } from '../../../src/accounts/credential/link.ts';
import { swapLink } from '../../../src/accounts/credential/swap-link.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

test('a login that was renamed over is placed, though the file it is in has got its inode', () => {
  const { home } = makeScratchHome();
  const [file, kept] = [join(home, 'auth.json'), join(home, 'kept.json')];
  writeFileSync(file, forgeAuth({ issuedAt: 1000 }));
  const place = (text: string) => {
    if (existsSync(kept)) {
      writeFileSync(kept, text);
    } else {
      renameSync(file, kept); // what a file system does that gives an inode away again
      writeFileSync(file, forgeAuth({ issuedAt: 2000 }));
    }
    return kept;
  };
  expect(discardLogin(file, place)).toBe('discarded');
  expect(readFileSync(kept, 'utf8')).toBe(forgeAuth({ issuedAt: 2000 }));
});

test('a directory that has come where a link is to be replaced gets its name back', () => {
  const { home } = makeScratchHome();
  const sessions = join(home, 'sessions');
  mkdirSync(sessions);
  writeFileSync(join(sessions, 'rollout'), 'a thread');
  expect(swapLink(sessions, '/elsewhere')).toBe('again');
  expect(readFileSync(join(sessions, 'rollout'), 'utf8')).toBe('a thread');
  expect(readdirSync(home).filter((name) => name.includes('aside'))).toEqual([]);
});

test('a file that has gone to the vault with its inode is no reason not to link to the vault', () => {
  const { home } = makeScratchHome();
  mkdirSync(join(home, 'vault'));
  const [link, authFile] = [join(home, 'auth.json'), join(home, 'vault', 'auth.json')];
  writeFileSync(link, forgeAuth());
  const place = () => {
    if (!existsSync(authFile)) {
      renameSync(link, authFile);
      writeFileSync(link, forgeAuth());
    }
    return authFile;
  };
  expect(linkLogin(link, authFile, place)).toBe('linked');
  expect(readFileSync(link, 'utf8')).toBe(forgeAuth());
});
