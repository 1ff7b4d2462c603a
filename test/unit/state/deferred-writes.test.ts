import { describe, expect, it } from 'vitest';
import { HotswapError } from '../../../src/errors.ts';
import { createDeferredWrites, retryAsync, retryNow } from '../../../src/state/deferred-writes.ts';

/** A disk that may be full, and what was written on it. */
function openDisk() {
  const disk = { isFull: false, written: [] as string[] };
  const put = (text: string) => () => {
    if (disk.isFull) throw new HotswapError('home-unwritable', '/x cannot be written', 'make room');
    disk.written.push(text);
  };
  return Object.assign(disk, { put });
}

describe('a record that cannot be written', () => {
  it('throws nothing, is kept, and written with the next that goes well', () => {
    const disk = openDisk();
    const records = createDeferredWrites();
    disk.isFull = true;
    expect(records.attempt('the mark', disk.put('mark'))).toBe(false);
    expect(records.isWritten('the mark')).toBe(false);
    disk.isFull = false;
    expect(records.attempt('the usage', disk.put('usage'))).toBe(true);
    expect(disk.written).toEqual(['usage', 'mark']);
    expect(records.isWritten('the mark')).toBe(true);
    expect(records.summary()).toBeUndefined();
  });

  it('gives way to a newer one of the same name', () => {
    const disk = openDisk();
    const records = createDeferredWrites();
    disk.isFull = true;
    records.attempt('the session', disk.put('old'));
    records.attempt('the session', disk.put('new'));
    disk.isFull = false;
    expect(records.summary()).toBeUndefined();
    expect(disk.written).toEqual(['new']);
  });

  it('is told in one line, with all others, after another try', () => {
    const disk = openDisk();
    const records = createDeferredWrites();
    disk.isFull = true;
    records.attempt('the mark', disk.put('mark'));
    records.attempt('the session', disk.put('session'));
    expect(records.summary()).toBe(
      'could not be saved: the mark, the session; /x cannot be written; make room',
    );
  });
});

it('what a session cannot do without is tried three times', async () => {
  const failTimes = (times: number) => {
    let left = times;
    return () => {
      if (left-- > 0) throw new Error('a moment');
      return 'done';
    };
  };
  expect(retryNow(failTimes(2))).toBe('done');
  expect(() => retryNow(failTimes(3))).toThrow('a moment');
  const later = (act: () => string) => retryAsync(async () => act());
  expect(await later(failTimes(2))).toBe('done');
  await expect(later(failTimes(3))).rejects.toThrow('a moment');
});
