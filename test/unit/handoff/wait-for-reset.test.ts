import { describe, expect, it } from 'vitest';
import type { NextAccount } from '../../../src/handoff/accounts.ts';
import { type AccountCheck, awaitReset } from '../../../src/handoff/wait-for-reset.ts';

const RESET = 10_000;

/** A wait for acc1 with a clock of its own; `sleepUntil` is a machine that slept: no timer, and another time after. */
function begin(options: {
  chooseAgain?: (now: number, told: ReadonlyMap<string, number>) => NextAccount;
  check?: () => AccountCheck;
}) {
  const told: string[] = [];
  const checked: { target: string; at: number }[] = [];
  let ms = (RESET - 3600) * 1000;
  let due: { at: number; act: () => void }[] = [];
  const usual = (now: number): NextAccount =>
    now < RESET
      ? { kind: 'none', earliest: { target: 'acc1', until: RESET } }
      : { kind: 'chosen', target: 'acc1' };
  const wait = awaitReset({
    earliest: { target: 'acc1', until: RESET },
    slackSeconds: 60,
    chooseAgain: (told) => (options.chooseAgain ?? usual)(ms / 1000, told),
    async checkAccount(target) {
      checked.push({ target, at: ms / 1000 });
      return options.check?.() ?? { kind: 'back' };
    },
    now: () => ms,
    after: (delay, act) => void due.push({ at: ms + delay, act }),
    show: () => undefined,
    back: (target) => told.push(`back ${target}`),
    gaveUp: (reason) => told.push(`gave up: ${reason}`),
  });
  const settle = () => new Promise((resume) => setImmediate(resume));
  async function runUntil(seconds: number): Promise<void> {
    for (;;) {
      const next = due.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > seconds * 1000) break;
      due = due.filter((timer) => timer !== next);
      ms = Math.max(ms, next.at);
      next.act();
      await settle();
    }
    ms = Math.max(ms, seconds * 1000);
  }
  return {
    told,
    checked,
    stop: wait.stop,
    runUntil,
    /** Every timer fires as late as the machine slept. */
    sleepUntil(seconds: number) {
      due = due.map((timer) => ({ ...timer, at: seconds * 1000 + 1 }));
      ms = seconds * 1000;
    },
  };
}

describe('waiting for the first account to come back', () => {
  it('asks the service after the reset and the slack, not before', async () => {
    const wait = begin({});
    await wait.runUntil(RESET + 59);
    expect(wait.checked).toEqual([]);
    await wait.runUntil(RESET + 62);
    expect(wait.checked).toMatchObject([{ target: 'acc1' }]);
    expect(wait.told).toEqual(['back acc1']);
  });

  it('a machine that slept through the reset asks when it wakes up', async () => {
    const answers: AccountCheck[] = [
      { kind: 'unknown', reason: 'no network yet' },
      { kind: 'back' },
    ];
    const wait = begin({ check: () => answers.shift() as AccountCheck });
    await wait.runUntil(RESET - 3000);
    wait.sleepUntil(RESET + 50_000);
    await wait.runUntil(RESET + 50_002);
    expect(wait.checked).toHaveLength(1);
    expect(wait.told).toEqual([]);
    await wait.runUntil(RESET + 50_065);
    expect(wait.told).toEqual(['back acc1']);
  });

  it('what is still full is waited for until the reset it tells', async () => {
    let until = RESET;
    const wait = begin({
      chooseAgain(now) {
        return now < until
          ? { kind: 'none', earliest: { target: 'acc1', until } }
          : { kind: 'chosen', target: 'acc1' };
      },
      check() {
        if (until > RESET) return { kind: 'back' };
        until = RESET + 1000;
        return { kind: 'exhausted' };
      },
    });
    await wait.runUntil(RESET + 1055);
    expect(wait.checked).toHaveLength(1);
    expect(wait.told).toEqual([]);
    await wait.runUntil(RESET + 1200);
    expect(wait.told).toEqual(['back acc1']);
  });

  it('is given up after a bounded number of questions, at longer and longer intervals', async () => {
    const wait = begin({ check: () => ({ kind: 'exhausted' }) });
    await wait.runUntil(RESET + 1_000_000);
    expect(wait.told).toEqual(['gave up: acc1 is still at its limit']);
    expect(wait.checked.length).toBeLessThanOrEqual(12);
    const pauses = wait.checked
      .slice(1)
      .map(({ at }, index) => at - (wait.checked[index]?.at ?? 0));
    for (const [index, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(60);
      expect(pause).toBeGreaterThanOrEqual(pauses[index - 1] ?? 0);
    }
  });

  it('an account that is full by its figures, without a mark, is not asked again before its time', async () => {
    const until = RESET + 5 * 86_400;
    const wait = begin({
      chooseAgain(now, told) {
        const end = told.get('acc1') ?? RESET;
        return now < end
          ? { kind: 'none', earliest: { target: 'acc1', until: end } }
          : { kind: 'chosen', target: 'acc1' };
      },
      check: () => ({ kind: 'exhausted', until }),
    });
    await wait.runUntil(RESET + 3600);
    expect(wait.checked).toHaveLength(1);
    expect(wait.told).toEqual([]);
  });

  it('another account that is freed meanwhile is taken at once', async () => {
    const freedAt = RESET - 2000;
    const wait = begin({
      chooseAgain: (now) =>
        now < freedAt
          ? { kind: 'none', earliest: { target: 'acc1', until: RESET } }
          : { kind: 'chosen', target: 'acc2' },
    });
    await wait.runUntil(freedAt + 12);
    expect(wait.told).toEqual(['back acc2']);
  });

  it('is given up when nobody comes back by itself any more', async () => {
    const wait = begin({ chooseAgain: () => ({ kind: 'none' }) });
    await wait.runUntil(RESET + 100);
    expect(wait.told).toEqual(['gave up: no account comes back']);
  });

  it('stopped it says nothing, even when the answer was on its way', async () => {
    const wait = begin({});
    await wait.runUntil(RESET + 59);
    wait.stop();
    await wait.runUntil(RESET + 1000);
    expect(wait.told).toEqual([]);
    expect(wait.checked).toEqual([]);
  });
});
