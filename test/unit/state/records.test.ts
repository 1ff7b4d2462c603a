import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clearMarks, readAccountState } from '../../../src/accounts/account-state.ts';
import { readCurrent } from '../../../src/accounts/current.ts';
import { keepAsTarget } from '../../../src/accounts/keep-as-target.ts';
import type { Mark } from '../../../src/accounts/marks.ts';
import { recordRefusal } from '../../../src/accounts/record-facts.ts';
import { readConfig } from '../../../src/state/config.ts';
import { writeNewFile } from '../../../src/state/files.ts';
import { tryLock } from '../../../src/state/lock.ts';
import { changeConfig, changeRecords } from '../../../src/state/records.ts';
import { forgeAuth, makeScratchHome } from './scratch-home.ts';

const WRITER = fileURLToPath(new URL('../../fixtures/bin/record-writer.ts', import.meta.url));
const mark: Mark = { kind: 'manual', until: null, at: 1 };

test('eight processes at once lose nothing of each other', async () => {
  const paths = makeScratchHome();
  const numbers = [...Array(8).keys()];
  await write(paths.home, numbers);
  const ids = numbers.map((number) => `of-${number}`);
  const { state } = readAccountState(paths, 'a');
  expect(state.marks.map(({ limitName }) => limitName).sort()).toEqual(ids);
  expect(state).toMatchObject({ usage: { capturedAt: 1 }, identity: { userId: 'user-1' } });
  const { homes } = JSON.parse(readFileSync(paths.linkedFile, 'utf8'));
  expect(Object.keys(homes).sort()).toEqual(ids.map((id) => `${paths.home}/${id}`));
  const { current, previous } = readCurrent(paths);
  expect(ids).toEqual(expect.arrayContaining([current, previous]));
  expect(current).not.toBe(previous);
  const targets = readConfig(paths)?.targets.map(({ name }) => name);
  expect(targets?.sort()).toEqual(numbers.map(String));
});

describe('a change of the records', () => {
  test('inside a change is a part of it', async () => {
    const paths = makeScratchHome();
    const file = `${paths.home}/login.json`;
    writeNewFile(file, forgeAuth());
    // Writes an account's state inside its change of the configuration.
    const { target } = await keepAsTarget(paths, file, {
      identity: { userId: 'user-1', accountId: 'account-1', email: 'eve@example.com' },
    });
    expect(readConfig(paths)?.targets).toEqual([target]);
    expect(readAccountState(paths, 'eve').state.identity).toMatchObject({ userId: 'user-1' });
    for (const lock of [paths.configLock, paths.recordsLock]) expect(tryLock(lock)).toBeDefined();
  });

  test('is over when it fails', () => {
    const paths = makeScratchHome();
    const fail = () => {
      throw new Error('of the caller');
    };
    expect(() => changeConfig(paths, () => changeRecords(paths, fail))).toThrow('of the caller');
    for (const lock of [paths.configLock, paths.recordsLock]) expect(tryLock(lock)).toBeDefined();
  });

  test('of the configuration tells that another process is at it; a mark is made all the same', () => {
    const paths = makeScratchHome();
    const locks = [paths.configLock, paths.recordsLock].map((dir) => tryLock(dir));
    const busy = () => changeConfig(paths, () => 'changed', 20);
    expect(busy).toThrow(expect.objectContaining({ code: 'in-use', exitStatus: 75 }));
    expect(changeRecords(paths, () => 'changed', 20)).toBe('changed');
    expect(recordRefusal(paths, 'a', mark).marks).toEqual([mark]);
    for (const lock of locks) lock?.release();
    expect(busy()).toBe('changed');
  });

  test('that gives no news takes no lock', () => {
    const paths = makeScratchHome();
    recordRefusal(paths, 'a', mark);
    const before = readdirSync(paths.recordsLock);
    expect(clearMarks(paths, 'a', ['needs-login'])).toEqual([]);
    expect(readdirSync(paths.recordsLock)).toEqual(before);
  });

  test('whose lock cannot be given back lets others in', () => {
    const paths = makeScratchHome();
    changeRecords(paths, () => {
      // No file can be put in the place of a directory.
      const [lease = ''] = readdirSync(paths.recordsLock);
      rmSync(join(paths.recordsLock, lease));
      mkdirSync(join(paths.recordsLock, lease, 'full'), { recursive: true });
    });
    expect(readdirSync(paths.stateDir)).toEqual([]);
    expect(tryLock(paths.recordsLock)).toBeDefined();
  });

  test('waits once only for a process that does not let go', () => {
    const paths = makeScratchHome();
    const lock = tryLock(paths.recordsLock);
    changeRecords(paths, () => undefined, 30);
    const start = performance.now();
    changeRecords(paths, () => undefined, 60_000);
    expect(performance.now() - start).toBeLessThan(30_000);
    lock?.release();
    changeRecords(paths, () => expect(tryLock(paths.recordsLock)).toBeUndefined());
  });

  test('goes on where no lock can be made, but not with the configuration', () => {
    const paths = makeScratchHome();
    mkdirSync(paths.stateDir, { recursive: true });
    for (const lock of [paths.configLock, paths.recordsLock]) writeNewFile(lock, 'no directory');
    expect(changeRecords(paths, () => 'changed')).toBe('changed');
    expect(() => changeConfig(paths, () => 'changed')).toThrow();
  });
});

/** Starts one process for each number, and lets them begin together. */
async function write(home: string, numbers: readonly number[]): Promise<void> {
  const children = numbers.map((number) =>
    spawn(process.execPath, ['--import', 'tsx', WRITER, home, String(number)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  onTestFinished(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  await Promise.all(children.map(({ stdout }) => once(stdout, 'data')));
  const ends = children.map((child) => once(child, 'exit'));
  for (const child of children) child.stdin.end('go\n');
  expect((await Promise.all(ends)).map(([code]) => code)).toEqual(numbers.map(() => 0));
}
