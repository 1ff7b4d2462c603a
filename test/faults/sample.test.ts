import { describe, expect, test } from 'vitest';
import { ERRORS } from './home.ts';
import { countCalls, tryFault, type Verdict } from './judge.ts';
import { SCENES } from './scenes.ts';
import { tryFaults } from './try-faults.ts';

/** Of each scene and error; all of them are tried by `npm run test:faults`. */
const SAMPLES = 1;

// The stand-in's clock needs a GNU date, and its open files are looked for in /proc.
describe.skipIf(process.platform !== 'linux')('a call into fs that fails', () => {
  test.each(SCENES.filter((scene) => scene !== 'keeper'))(
    'changes nothing about how Codex ends, and costs no login: %s',
    async (scene) => {
      const calls = (await countCalls(scene)).length;
      expect(calls).toBeGreaterThan(50);
      const faults = ERRORS.flatMap((error, index) => sample(calls, index, error));
      const failed: Verdict[] = [];
      await tryFaults(scene, faults, (verdict) => {
        if (verdict.faults.length > 0) failed.push(verdict);
      });
      expect(failed).toEqual([]);
    },
    180_000,
  );

  test('of the keeper, which says who asks: it ends, and the newest token is in its vault', async () => {
    const calls = await countCalls('keeper');
    const at = 1 + calls.findIndex((call) => call.includes('open') && call.includes('/.lease.1.'));
    const { faults } = await tryFault('keeper', { error: 'EIO', at });
    expect(faults).toEqual([]);
  });

  test.each([
    ['the record of the thread that failed', '/rollout-'],
    ['the vault of the account that goes on', '/.codex-acc2/auth.json'],
  ])('once, on %s: the work goes on all the same', async (_, file) => {
    const calls = await countCalls('exec-handoff', 'homes');
    const moved = calls.findIndex((call) => /rename .*\.codex\/auth\.json$/.test(call));
    const at = 1 + calls.slice(0, moved).findLastIndex((call) => call.includes(file));
    expect(at).toBeGreaterThan(0);
    const { faults } = await tryFault('exec-handoff', { error: 'EIO', at, where: 'homes' });
    expect(faults).toEqual([]);
  });
});

/** Every k-th call, each error from another one on, so that all of them together are spread over the whole scene. */
function sample<E>(calls: number, offset: number, error: E): { error: E; at: number }[] {
  const step = Math.floor(calls / SAMPLES);
  const first = 1 + Math.floor((step * offset) / ERRORS.length);
  return Array.from({ length: SAMPLES }, (_, index) => ({ error, at: first + index * step }));
}
