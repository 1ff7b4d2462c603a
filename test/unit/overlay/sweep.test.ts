import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { furnishSlot } from '../../../src/overlay/furnish.ts';
import { leaseSlot, recordUsers, releaseSlot } from '../../../src/overlay/lease.ts';
import type { Slot } from '../../../src/overlay/slot.ts';
import { listSlots, purgeSlots, sweepSlots } from '../../../src/overlay/sweep.ts';
import { ownIdentity } from '../../../src/state/process-identity.ts';
import { makeScratchHome } from '../state/scratch-home.ts';

/** Three furnished slots: 1 in use, 2 whose owner died, 3 released. */
function makeSlots() {
  const paths = makeScratchHome();
  const slots = [1, 2, 3].map(() => leaseSlot(paths, paths.sharedHome, ownIdentity()));
  for (const slot of slots) furnishSlot(slot);
  const [inUse, orphaned, released] = slots as [Slot, Slot, Slot];
  recordUsers(orphaned, [{ ...ownIdentity(), startTime: '1' }]);
  releaseSlot(released);
  const options = { vaults: [], orphansDir: paths.orphansDir, now: new Date() };
  return { paths, inUse, orphaned, released, options };
}

test('every slot is listed with what is known about it', () => {
  const { paths, inUse } = makeSlots();
  expect(listSlots(paths).map(({ number, ownership }) => [number, ownership.kind])).toEqual([
    [1, 'owned'],
    [2, 'orphaned'],
    [3, 'free'],
  ]);
  expect(listSlots(paths)[0]).toMatchObject({ home: inUse.home, sharedHome: paths.sharedHome });
  expect(listSlots(makeScratchHome())).toEqual([]);
});

describe('sweeping', () => {
  test('adopts and frees what the dead left, and only that', async () => {
    const { paths, inUse, orphaned, options } = makeSlots();
    writeFileSync(join(inUse.home, 'mine'), '');
    writeFileSync(join(orphaned.home, 'left'), 'left');
    symlinkSync('/vault/auth.json', join(orphaned.home, 'auth.json'));
    const [sweep, ...others] = await sweepSlots(paths, ownIdentity(), options);
    expect(others).toEqual([]);
    expect(sweep?.slot.reclaimedFrom).toEqual({ pid: process.pid });
    expect(sweep?.adoption.adopted).toEqual([{ entry: 'left', outcome: 'new' }]);
    expect(readFileSync(join(paths.sharedHome, 'left'), 'utf8')).toBe('left');
    const shared = join(paths.sharedHome, 'auth.json');
    expect(readlinkSync(join(orphaned.home, 'auth.json'))).toBe(shared);
    expect(readdirSync(inUse.home)).toContain('mine');
    expect(listSlots(paths).map(({ ownership }) => ownership.kind)).toEqual([
      'owned',
      'free',
      'free',
    ]);
    expect(await sweepSlots(paths, ownIdentity(), options)).toEqual([]);
  });
});

describe('purging', () => {
  test('leaves one link per slot, through which old paths resolve; a slot in use stays', async () => {
    const { paths, inUse, orphaned, released, options } = makeSlots();
    mkdirSync(join(released.home, 'tmp'));
    writeFileSync(join(released.home, 'tmp', 'x'), '');
    writeFileSync(join(paths.sharedHome, 'sessions', 'rollout.jsonl'), 'thread');
    writeFileSync(join(orphaned.home, 'left'), 'left');
    const { purged, kept } = await purgeSlots(paths, ownIdentity(), options);
    expect(purged.map(({ slot }) => slot.number)).toEqual([2, 3]);
    expect(kept).toEqual([{ number: 1, reason: 'it is in use' }]);
    expect(readdirSync(paths.runtimeDir).sort()).toEqual([
      'slot-1',
      'slot-1.side',
      'slot-2',
      'slot-3',
    ]);
    for (const slot of [orphaned, released]) {
      expect(readlinkSync(slot.home)).toBe(paths.sharedHome);
      expect(readFileSync(join(slot.home, 'sessions', 'rollout.jsonl'), 'utf8')).toBe('thread');
    }
    expect(readFileSync(join(paths.sharedHome, 'left'), 'utf8')).toBe('left');
    releaseSlot(inUse);
    // Set up again: the numbers are taken into use again.
    const again = [1, 2].map(() => leaseSlot(paths, paths.sharedHome, ownIdentity()));
    for (const slot of again) furnishSlot(slot);
    expect(again.map(({ home }) => home)).toEqual([inUse.home, orphaned.home]);
    expect(readlinkSync(join(orphaned.home, 'sessions'))).toBe(join(paths.sharedHome, 'sessions'));
    expect(readdirSync(join(paths.sharedHome, 'sessions'))).toEqual(['rollout.jsonl']);
  });

  test.each(['secrets/mcp_oauth.age', 'account-sessions/one.json', 'state_5.sqlite'])(
    'a slot stays with its %s, which is to be had nowhere else',
    async (entry) => {
      const { paths, orphaned, options } = makeSlots();
      mkdirSync(join(orphaned.home, entry, '..'), { recursive: true });
      writeFileSync(join(orphaned.home, entry), 'only copy');
      const { purged, kept } = await purgeSlots(paths, ownIdentity(), options);
      expect(purged.map(({ slot }) => slot.number)).toEqual([3]);
      const [name] = entry.split('/');
      expect(kept[1]).toEqual({
        number: 2,
        reason: `it has ${name}, which works only in its own directory; when you need it no more, delete the directory ${orphaned.home}`,
      });
      expect(readFileSync(join(orphaned.home, entry), 'utf8')).toBe('only copy');
      expect(listSlots(paths).map(({ ownership }) => ownership.kind)).toEqual(['owned', 'free']);
    },
  );

  test('what is private for the sandbox of macOS only is brought home first', async () => {
    const { paths, released, options } = makeSlots();
    const links = join(released.home, 'visualizations');
    rmSync(links, { force: true });
    mkdirSync(links);
    writeFileSync(join(links, 'chart.html'), 'chart');
    await purgeSlots(paths, ownIdentity(), options);
    const file = join(paths.sharedHome, 'visualizations', 'chart.html');
    expect(readFileSync(file, 'utf8')).toBe('chart');
  });

  test('MCP logins of a session that nobody has adopted yet go home first', async () => {
    const { paths, orphaned, options } = makeSlots();
    writeFileSync(join(orphaned.home, '.credentials.json'), '{"x":"login"}');
    await purgeSlots(paths, ownIdentity(), options);
    const file = join(paths.sharedHome, '.credentials.json');
    expect(readFileSync(file, 'utf8')).toBe('{"x":"login"}');
  });

  test('a slot that cannot be adopted stays', async () => {
    const { paths, released, options } = makeSlots();
    // A directory where both sides cannot be brought together: the shared side ends in a loop of links.
    symlinkSync('loop', join(paths.sharedHome, 'loop'));
    rmSync(join(released.home, 'auth.json'));
    writeFileSync(join(released.home, 'auth.json'), 'a login');
    const { purged, kept } = await purgeSlots(paths, ownIdentity(), {
      ...options,
      orphansDir: join(paths.sharedHome, 'loop', 'orphans'),
    });
    expect(purged.map(({ slot }) => slot.number)).toEqual([2]);
    expect(kept.map(({ number }) => number)).toEqual([1, 3]);
    expect(readFileSync(join(released.home, 'auth.json'), 'utf8')).toBe('a login');
  });
});
