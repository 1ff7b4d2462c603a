import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { addMark, clearMarks, readAccountState } from '../../../src/accounts/account-state.ts';
import { readCurrent } from '../../../src/accounts/current.ts';
import { keepAsTarget } from '../../../src/accounts/keep-as-target.ts';
import type { Mark } from '../../../src/accounts/marks.ts';
import { readConfig } from '../../../src/state/config.ts';
import { updateConfig } from '../../../src/state/config-store.ts';
import { writeNewFile } from '../../../src/state/files.ts';
import { tryLock } from '../../../src/state/lock.ts';
import { changeRecords } from '../../../src/state/records.ts';
import { forgeAuth, makeScratchHome } from './scratch-home.ts';

const WRITER = fileURLToPath(new URL('../../fixtures/bin/record-writer.ts', import.meta.url));
const mark: Mark = { kind: 'manual', until: null, at: 1 };

describe('eight processes at once lose nothing of each other', () => {
  const numbers = [...Array(8).keys()];
  const each = (times: number) =>
    numbers.flatMap((number) => [...Array(times).keys()].map((index) => `${number}-${index}`));

  test('marks, usage and identity of one account', async () => {
    const paths = makeScratchHome();
    await write('marks', paths.home, numbers, 5);
    const { state } = readAccountState(paths, 'a');
    expect(state.marks.map(({ limitName }) => limitName).sort()).toEqual(
      each(5).map((id) => `limit-${id}`),
    );
    expect(state.usage).toMatchObject({ capturedAt: 4 });
    expect(state.identity).toMatchObject({ userId: 'user-4' });
  });

  test('targets of the configuration', async () => {
    const paths = makeScratchHome();
    await write('config', paths.home, numbers, 3);
    const names = readConfig(paths)?.targets.map(({ name }) => name);
    expect(names?.sort()).toEqual(each(3).map((id) => `t${id}`));
  });

  test('links of several homes', async () => {
    const paths = makeScratchHome();
    await write('linked', paths.home, numbers, 5);
    const { homes } = JSON.parse(readFileSync(paths.linkedFile, 'utf8'));
    expect(Object.keys(homes).sort()).toEqual(each(5).map((id) => `${paths.home}/codex-${id}`));
  });

  test('the current target and the one before are two that were current', async () => {
    const paths = makeScratchHome();
    await write('current', paths.home, numbers, 5);
    const { current, previous } = readCurrent(paths);
    expect(each(5).map((id) => `t${id}`)).toEqual(expect.arrayContaining([current, previous]));
    expect(current).not.toBe(previous);
  });
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
    expect(tryLock(paths.recordsLock)).toBeDefined();
  });

  test('is over when it fails', () => {
    const paths = makeScratchHome();
    const fail = () => {
      throw new Error('of the caller');
    };
    expect(() => changeRecords(paths, 'fail', fail)).toThrow('of the caller');
    expect(tryLock(paths.recordsLock)).toBeDefined();
  });

  test('of the configuration tells that another process is at it; a mark is made all the same', async () => {
    const paths = makeScratchHome();
    const lock = tryLock(paths.recordsLock);
    const busy = () => changeRecords(paths, 'fail', () => 'changed', 20);
    expect(busy).toThrow(expect.objectContaining({ code: 'in-use', exitStatus: 75 }));
    expect(changeRecords(paths, 'go-on', () => 'changed', 20)).toBe('changed');
    await expect(updateConfig(paths, (config) => config)).rejects.toMatchObject({ code: 'in-use' });
    expect(existsSync(paths.configFile)).toBe(false);
    expect(addMark(paths, 'a', mark).marks).toEqual([mark]);
    lock?.release();
    expect(busy()).toBe('changed');
  });

  test('that gives no news takes no lock', () => {
    const paths = makeScratchHome();
    addMark(paths, 'a', mark);
    const before = readdirSync(paths.recordsLock);
    expect(clearMarks(paths, 'a', ['needs-login'])).toEqual([]);
    expect(readdirSync(paths.recordsLock)).toEqual(before);
  });

  test.skipIf(process.getuid?.() === 0)('whose lock cannot be given back lets others in', () => {
    const paths = makeScratchHome();
    changeRecords(paths, 'fail', () => chmodSync(paths.recordsLock, 0o500));
    onTestFinished(() => {
      if (existsSync(paths.recordsLock)) chmodSync(paths.recordsLock, 0o700);
    });
    expect(tryLock(paths.recordsLock)).toBeDefined();
  });

  test('goes on where no lock can be made, but not with the configuration', () => {
    const paths = makeScratchHome();
    mkdirSync(paths.stateDir, { recursive: true });
    writeNewFile(paths.recordsLock, 'no directory');
    expect(changeRecords(paths, 'go-on', () => 'changed')).toBe('changed');
    expect(() => changeRecords(paths, 'fail', () => 'changed')).toThrow();
  });
});

/** Starts one process for each number, and lets them begin together. */
async function write(
  what: string,
  home: string,
  numbers: readonly number[],
  times: number,
): Promise<void> {
  const children = numbers.map((number) =>
    spawn(
      process.execPath,
      ['--import', 'tsx', WRITER, what, home, String(number), String(times)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    ),
  );
  onTestFinished(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  await Promise.all(
    children.map(({ stdout }) => once(stdout as NonNullable<typeof stdout>, 'data')),
  );
  const ends = children.map((child: ChildProcess) => once(child, 'exit'));
  for (const child of children) child.stdin.end('go\n');
  expect((await Promise.all(ends)).map(([code]) => code)).toEqual(numbers.map(() => 0));
}
