import { describe, expect, it } from 'vitest';
import type { AccountCheck } from '../../../../src/handoff/wait-for-reset.ts';
import { play, type Scene, type ScriptedChild } from './exec-scene.ts';
import { limited, makeThread, type Thread } from './exec-thread.ts';

// A `codex exec` that waits for the first account to come back, and one that is interrupted: with or without waiting.

const nowSeconds = () => Math.floor(Date.now() / 1000);
const exited = (code: number) => ({ kind: 'exited', code });
const LIMIT = 'its 5-hour limit is used up';
const waiting = (account: string, awaited: string) =>
  `announce codex-hotswap: every account is at its limit (${account}: ${LIMIT}); waiting for ${awaited} until TIME`;
const back = (account: string) =>
  `announce codex-hotswap: ${account} is back; going on under ${account}`;

const atLimit = (thread: Thread, id: string): ScriptedChild => ({
  ...{ thread, writes: limited(id), ends: 1 },
});
const outcomes = (events: { type: string }[]) => events.filter(({ type }) => type === 'waited');

/** A wait for an account whose reset has just been. */
function waitFor(target: string, answer: AccountCheck = { kind: 'back' }) {
  const asked: string[] = [];
  const scene = {
    earliest: { target, until: nowSeconds() - 1 },
    reconsider: () => ({ kind: 'chosen' as const, target }),
    wait: {
      slackSeconds: 0,
      async checkAccount(account: string) {
        asked.push(account);
        return answer;
      },
    },
  };
  return { asked, scene };
}

describe('with everybody at a limit, an exec that waits', () => {
  it('goes on in its thread under the account that is back, which may be the one that ran', async () => {
    const thread = makeThread();
    const { asked, scene } = waitFor('acc1');
    const { ending, did, inputs, events } = await play({
      children: [atLimit(thread, 'one'), { thread }],
      ...scene,
    });
    expect(ending).toEqual(exited(0));
    expect(did.slice(2)).toEqual([
      'settle acc1: window-5h',
      waiting('acc1', 'acc1'),
      'prepare acc1',
      'repoint acc1',
      back('acc1'),
      'start resume thread 1 under acc1',
      'see thread 1',
    ]);
    expect(asked).toEqual(['acc1']);
    expect(inputs).toEqual(['typed', '']);
    expect(events.slice(3)).toMatchObject([
      { type: 'exhausted', target: 'acc1', earliest: { target: 'acc1' } },
      { type: 'waiting', target: 'acc1', until: scene.earliest.until },
      { type: 'waited', target: 'acc1', outcome: 'back' },
      { type: 'bound' },
      { type: 'resumed', target: 'acc1' },
    ]);
  });

  it('goes on under another that is back', async () => {
    const thread = makeThread();
    const { did, events } = await play({
      children: [atLimit(thread, 'one'), { thread }],
      ...waitFor('acc2').scene,
    });
    expect(did.slice(-3)).toEqual([
      back('acc2'),
      'start resume thread 1 under acc2',
      'see thread 1',
    ]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'rotated', from: 'acc1', to: 'acc2' }),
    );
  });

  it('is run again when it has no thread', async () => {
    const { did, inputs } = await play({
      children: [{ ends: 1 }, {}],
      ...waitFor('acc1').scene,
      askLimits: async () => ({ windows: [{ usedPercent: 100, minutes: 300 }] }),
    });
    expect(did.slice(-2)).toEqual(['start again under acc1', 'search']);
    expect(inputs).toEqual(['typed', 'typed, again']);
  });

  it('measures how long Codex was away from the end of the waiting on', async () => {
    const thread = makeThread();
    const { scene } = waitFor('acc1');
    const at = { settled: 0, answered: 0, seen: 0 };
    const { events } = await play({
      children: [atLimit(thread, 'one'), { thread }],
      ...scene,
      wait: {
        slackSeconds: 0,
        async checkAccount() {
          while (Date.now() < at.settled + 20);
          at.answered = Date.now();
          return { kind: 'back' };
        },
      },
      when(what) {
        if (what.startsWith('settle')) at.settled = Date.now();
        if (what.startsWith('see')) at.seen = Date.now();
      },
    });
    const resumed = events.find((event) => event.type === 'resumed');
    expect(resumed?.milliseconds).toBeLessThanOrEqual(at.seen - at.answered);
  });

  it('may use every account once more after that', async () => {
    const thread = makeThread();
    const { ending, did } = await play({
      children: [
        atLimit(thread, 'one'),
        atLimit(thread, 'two'),
        atLimit(thread, 'three'),
        { thread },
      ],
      next: ['acc2', undefined, 'acc2'],
      accounts: 2,
      ...waitFor('acc1').scene,
    });
    expect(ending).toEqual(exited(0));
    expect(did.filter((line) => line.startsWith('start'))).toEqual([
      'start first under acc1',
      'start resume thread 1 under acc2',
      'start resume thread 1 under acc1',
      'start resume thread 1 under acc2',
    ]);
  });

  it('gives up when nobody comes back: the status is that of Codex', async () => {
    const { ending, did, events } = await play({
      children: [atLimit(makeThread(), 'one')],
      ...{ ...waitFor('acc1').scene, reconsider: () => ({ kind: 'none' }) },
    });
    expect(ending).toEqual(exited(1));
    expect(did.slice(-2)).toEqual([
      waiting('acc1', 'acc1'),
      'say codex-hotswap: stopped waiting for an account: no account comes back',
    ]);
    expect(outcomes(events)).toEqual([
      { type: 'waited', target: 'acc1', outcome: 'gave-up', reason: 'no account comes back' },
    ]);
  });

  it('does not wait for an account that does not come back by itself', async () => {
    const { wait } = waitFor('acc1').scene;
    const { ending, did } = await play({ children: [atLimit(makeThread(), 'one')], wait });
    expect(ending).toEqual(exited(1));
    expect(did.at(-1)).toMatch(/no account comes back by itself/);
  });

  it('waits 24 times, and not for ever', async () => {
    const thread = makeThread();
    const { scene } = waitFor('acc1');
    const { ending, did, events } = await play({
      children: Array.from({ length: 25 }, (_, index) => atLimit(thread, `turn ${index}`)),
      ...scene,
    });
    expect(ending).toEqual(exited(1));
    expect(outcomes(events)).toHaveLength(24);
    expect(did.at(-1)).toMatch(/every account is at its limit .*; first back: acc1 at TIME$/);
  });
});

describe.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s', (signal) => {
  const signalled = { kind: 'signalled', signal, number: expect.any(Number) };

  /** Sends the signal when something happens; `met` resolves when it has been heard. */
  function interruptAt(wanted: RegExp) {
    let heard = () => {};
    const met = new Promise<void>((resolve) => {
      heard = resolve;
    });
    return {
      met,
      when(what: string) {
        if (!wanted.test(what)) return;
        // This listener comes last, and keeps our process alive should the product not listen.
        process.once(signal, heard);
        process.kill(process.pid, signal);
      },
    };
  }

  it('while Codex runs is for Codex, and no other is started', async () => {
    const thread = makeThread();
    const listeners = process.listenerCount(signal);
    const { ending, did, events } = await play({
      children: [{ ...atLimit(thread, 'one'), whenSeen: () => undefined }],
      next: ['acc2'],
      when: interruptAt(/^see/).when,
    });
    expect(ending).toEqual(signalled);
    expect(did).toEqual(['start first under acc1', 'see thread 1']);
    expect(events.map(({ type }) => type)).toEqual(['bound']);
    expect(process.listenerCount(signal)).toBe(listeners);
  });

  it('that Codex takes for a failed turn is none of a limit', async () => {
    const child = { ...atLimit(makeThread(), 'one'), whenSeen: () => undefined };
    const { ending, did } = await play({
      children: [{ ...child, failsAt: signal.slice(3) }],
      next: ['acc2'],
      when: interruptAt(/^see/).when,
    });
    expect(ending).toEqual(exited(1));
    expect(did).toEqual(['start first under acc1', 'see thread 1']);
  });

  it('while it waits ends it', async () => {
    const { ending, did, events } = await play({
      children: [atLimit(makeThread(), 'one')],
      ...waitFor('acc1').scene,
      earliest: { target: 'acc1', until: nowSeconds() + 3600 },
      reconsider: () => ({ kind: 'none' }),
      when: interruptAt(/; waiting for/).when,
    });
    expect(ending).toEqual(signalled);
    expect(did.at(-1)).toBe(waiting('acc1', 'acc1'));
    expect(outcomes(events)).toEqual([{ type: 'waited', target: 'acc1', outcome: 'ended' }]);
  });

  it('while the next account is made ready ends it, and nothing is announced', async () => {
    const { met, when } = interruptAt(/^prepare/);
    const thread = makeThread();
    const { ending, did, events } = await play({
      children: [atLimit(thread, 'one'), { thread }],
      next: ['acc2'],
      prepare: (target) => met.then(() => target),
      when,
    });
    expect(ending).toEqual(signalled);
    expect(did.filter((line) => /^(?:start|announce)/.test(line))).toEqual([
      'start first under acc1',
    ]);
    expect(events.map(({ type }) => type)).not.toContain('rotated');
  });

  it.each<[string, Partial<Scene>]>([
    ['with a next account', { next: ['acc2'] }],
    ['and it would have waited', waitFor('acc1').scene],
  ])(
    'while the service is asked ends it, and the account is marked all the same: %s',
    async (_, scene) => {
      const { met, when } = interruptAt(/^ask/);
      const { ending, did } = await play({
        children: [{ ends: 1 }],
        ...scene,
        askLimits: () => met.then(() => ({ windows: [{ usedPercent: 100, minutes: 300 }] })),
        when,
      });
      expect(ending).toEqual(signalled);
      expect(did.slice(-2)).toEqual(['ask about acc1', 'settle acc1: window-5h']);
    },
  );
});
