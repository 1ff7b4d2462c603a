import { expect, test } from 'vitest';
import {
  type EntryPolicy,
  findEntryPolicy,
  SHARED_DIRECTORIES,
  SHARED_FILES,
} from '../../../src/codex/home-table.ts';

test.each<[EntryPolicy, string[]]>([
  ['vault', ['auth.json']],
  ['hardlink', ['.credentials.json']],
  [
    'private',
    [
      'auth.json.lock',
      'auth.lock',
      '.auth-Xy12',
      '.tmpAb12Cd',
      'models_cache.json',
      'cloud-config-bundle-cache.json',
      'cache',
      'tmp',
      'ipc',
      'secrets',
      'account-sessions',
    ],
  ],
  [
    'never',
    [
      'app-server-control',
      'app-server-daemon',
      'packages',
      'state_5.sqlite',
      'state_5.sqlite-wal',
      'logs_2.sqlite-shm',
      'thread_history_1.sqlite',
    ],
  ],
  [
    'link',
    [
      'config.toml',
      'work.config.toml',
      'sessions',
      'archived_sessions',
      'thread-writer-locks',
      'history.jsonl',
      'AGENTS.md',
      'hooks.json',
      '.env',
      '.tmp',
      'log',
      'skills',
      'plugins',
      'installation_id',
      'something-new',
      '.something-new',
      'visualizations',
    ],
  ],
])('%s: %j', (policy, names) => {
  for (const name of names) expect([name, findEntryPolicy(name, 'linux')]).toEqual([name, policy]);
});

test('what is shared is linked, and Seatbelt roots are private on macOS', () => {
  for (const name of [...SHARED_DIRECTORIES, ...SHARED_FILES]) {
    expect([name, findEntryPolicy(name, 'linux')]).toEqual([name, 'link']);
  }
  expect(findEntryPolicy('visualizations', 'darwin')).toBe('private');
  expect(findEntryPolicy('sessions', 'darwin')).toBe('link');
});
