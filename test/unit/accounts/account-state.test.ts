import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  accountFile,
  clearMarks,
  mendAccountState,
  readAccountState,
  recordIdentity,
  writeAccountState,
} from '../../../src/accounts/account-state.ts';
import { mendCurrent, readCurrent, writeCurrent } from '../../../src/accounts/current.ts';
import type { Mark } from '../../../src/accounts/marks.ts';
import { recordRefusal } from '../../../src/accounts/record-facts.ts';
import { makeScratchHome, withUmask } from '../state/scratch-home.ts';

const NOW = new Date('2026-11-21T03:45:00Z');
const mark = (changes: Partial<Mark> = {}): Mark => ({
  kind: 'window-5h',
  until: 1_800_010_000,
  at: 1_800_000_000,
  ...changes,
});

describe('account state', () => {
  test('fresh when missing, written 0600, read back the same', () => {
    const paths = makeScratchHome();
    expect(readAccountState(paths, 'a')).toEqual({ state: { version: 1, target: 'a', marks: [] } });
    const state = {
      version: 1 as const,
      target: 'a',
      identity: { userId: 'u', accountId: 'w', email: 'e', plan: 'plus' },
      marks: [mark({ limitName: 'x', workspace: 'w', message: 'm' })],
      usage: { anything: [1] },
    };
    withUmask(0, () => writeAccountState(paths, state));
    expect(readAccountState(paths, 'a')).toEqual({ state });
    expect(statSync(accountFile(paths, 'a')).mode & 0o777).toBe(0o600);
    expect(statSync(paths.accountsDir).mode & 0o777).toBe(0o700);
  });

  test.each([
    '{',
    '',
    '[]',
    '{"version":2,"marks":[]}',
    '{"version":1}',
    '{"version":1,"marks":[{"kind":"window-5h"}]}',
    '{"version":1,"marks":[],"identity":{"userId":5}}',
  ])('broken (%s): set aside, fresh, one line', (content) => {
    const paths = makeScratchHome();
    mkdirSync(paths.accountsDir, { recursive: true });
    writeFileSync(accountFile(paths, 'a'), content);
    const [notice] = mendAccountState(paths, 'a', NOW);
    const { state } = readAccountState(paths, 'a');
    expect(state).toEqual({ version: 1, target: 'a', marks: [] });
    expect(notice).toContain(accountFile(paths, 'a'));
    expect(notice).not.toContain('\n');
    const aside = join(paths.accountsDir, 'a.json.broken-20261121T034500Z');
    expect(readFileSync(aside, 'utf8')).toBe(content);
    expect(mendAccountState(paths, 'a', NOW)).toEqual([]);
  });

  // A file that cannot be read, for root, too: EIO.
  test.runIf(process.platform === 'linux')('that cannot be read is left and not replaced', () => {
    const paths = makeScratchHome();
    mkdirSync(paths.accountsDir, { recursive: true });
    for (const file of [accountFile(paths, 'a'), paths.currentFile]) {
      symlinkSync('/proc/self/mem', file);
    }
    const [notice] = mendAccountState(paths, 'a', NOW);
    const { state } = readAccountState(paths, 'a');
    expect(state.marks).toEqual([]);
    expect(notice).toContain('cannot be read (EIO); it was not changed, and it is not used');
    expect(mendCurrent(paths, NOW)).toEqual([expect.stringContaining('it was not changed')]);
    expect(() => recordRefusal(paths, 'a', mark())).toThrow('a.json cannot be read (EIO)');
    expect(readdirSync(paths.accountsDir)).toEqual(['a.json']);
    expect(lstatSync(accountFile(paths, 'a')).isSymbolicLink()).toBe(true);
  });

  test('a mark of a kind we do not know yet still counts', () => {
    const paths = makeScratchHome();
    mkdirSync(paths.accountsDir, { recursive: true });
    const marks = [mark({ kind: 'moon-phase' as never })];
    writeFileSync(accountFile(paths, 'a'), JSON.stringify({ version: 1, target: 'a', marks }));
    expect(readAccountState(paths, 'a').state.marks).toEqual([mark({ kind: 'unknown' })]);
  });
});

describe('marks', () => {
  test('a newer one of the same limit replaces the older; others stay; lapsed ones go', () => {
    const paths = makeScratchHome();
    recordRefusal(paths, 'a', mark({ until: 1_800_000_100 }));
    recordRefusal(paths, 'a', mark({ kind: 'model-bucket', limitName: 'x' }));
    recordRefusal(paths, 'a', mark({ kind: 'model-bucket', limitName: 'y' }));
    recordRefusal(paths, 'a', mark({ kind: 'window-weekly', until: 1_800_000_001 }));
    const { marks } = recordRefusal(paths, 'a', mark({ until: 1_800_011_000, at: 1_800_000_050 }));
    expect(marks.map(({ kind, limitName, until }) => [kind, limitName, until])).toEqual([
      ['model-bucket', 'x', 1_800_010_000],
      ['model-bucket', 'y', 1_800_010_000],
      ['window-5h', undefined, 1_800_011_000],
    ]);
    expect(readAccountState(paths, 'a').state.marks).toEqual(marks);
  });

  test('clearing tells what it took', () => {
    const paths = makeScratchHome();
    recordRefusal(paths, 'a', mark());
    recordRefusal(paths, 'a', mark({ kind: 'needs-login', until: null }));
    expect(clearMarks(paths, 'a', ['needs-login']).map(({ kind }) => kind)).toEqual([
      'needs-login',
    ]);
    expect(readAccountState(paths, 'a').state.marks).toEqual([mark()]);
    expect(clearMarks(paths, 'a')).toEqual([mark()]);
    expect(clearMarks(paths, 'a')).toEqual([]);
    expect(clearMarks(paths, 'nobody')).toEqual([]);
    expect(readdirSync(paths.accountsDir)).toEqual(['a.json']);
  });

  test('marks and usage survive the recording of an identity', () => {
    const paths = makeScratchHome();
    recordRefusal(paths, 'a', mark());
    recordIdentity(paths, 'a', { userId: 'u', accountId: 'w' });
    recordIdentity(paths, 'a', { userId: 'u', accountId: 'w' });
    expect(readAccountState(paths, 'a').state).toMatchObject({
      identity: { userId: 'u', accountId: 'w' },
      marks: [mark()],
    });
  });
});

describe('the current target', () => {
  test('remembers the one before', () => {
    const paths = makeScratchHome();
    expect(readCurrent(paths)).toEqual({});
    for (const name of ['a', 'b', 'b']) writeCurrent(paths, name);
    expect(readCurrent(paths)).toEqual({ current: 'b', previous: 'a' });
  });

  test.each(['{', '{"current":"../x"}', 'null', '5'])('broken (%s): set aside', (content) => {
    const paths = makeScratchHome();
    mkdirSync(paths.stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(paths.currentFile, content);
    expect(readCurrent(paths)).toEqual({ fault: expect.objectContaining({ kind: 'broken' }) });
    expect(mendCurrent(paths, NOW)).toEqual([expect.stringContaining('broken-2026')]);
    expect(mendCurrent(paths, NOW)).toEqual([]);
    writeCurrent(paths, 'a');
    expect(readCurrent(paths)).toEqual({ current: 'a' });
  });
});
