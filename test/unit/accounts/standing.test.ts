import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { AccountState } from '../../../src/accounts/account-state.ts';
import { chooseTarget } from '../../../src/accounts/choice.ts';
import { listDoubted } from '../../../src/accounts/doubt.ts';
import { afterAnswer, afterFigures, afterRefusal } from '../../../src/accounts/evidence.ts';
import {
  activeMarks,
  boundMark,
  MARK_KINDS,
  type Mark,
  type MarkKind,
} from '../../../src/accounts/marks.ts';
import { judgeAccount } from '../../../src/accounts/standing.ts';
import type { TargetSnapshot } from '../../../src/accounts/target-snapshot.ts';
import type { Usage } from '../../../src/accounts/usage.ts';
import { markOf } from '../../../src/handoff/mark-of-limit.ts';

const NOW = 1_800_000_000;
const HOUR = 3600;
const DAY = 86_400;
const EMPTY: AccountState = { version: 1, target: 'acc1', marks: [] };

type Fact = (state: AccountState) => AccountState;

/** A refusal that names a time days ahead, so that only its bound or later evidence can end it early. */
const refused = (kind: MarkKind, at = NOW, until: number | null = at + 3 * DAY): Fact => {
  const isEnded = kind === 'needs-login' || kind === 'manual';
  return (state) =>
    afterRefusal(state, { kind, at, until: isEnded ? null : until }, NOW + 20 * DAY);
};
const figures = (at: number, usedPercent: number, rest: Partial<Usage> = {}): Fact => {
  const windows = [{ usedPercent, minutes: 10_080, resetsAt: NOW + 5 * DAY }];
  return (state) => afterFigures(state, { source: 'live', capturedAt: at, windows, ...rest }, at);
};
const answered =
  (at: number): Fact =>
  (state) =>
    afterAnswer(state, at);

const stateAfter = (facts: readonly Fact[]): AccountState =>
  facts.reduce((state, fact) => fact(state), EMPTY);

const snapshot = (
  state: AccountState,
  settings: Partial<TargetSnapshot['target']> = {},
): TargetSnapshot => ({
  target: { name: state.target, vault: `/v/${state.target}`, enabled: true, ...settings },
  vault: {
    kind: 'ready',
    authFile: `/v/${state.target}/auth.json`,
    identity: { userId: state.target, accountId: state.target },
    issuedAt: 0,
  },
  state,
});

function stand(
  facts: readonly Fact[],
  { at = NOW + HOUR, ...settings }: Partial<TargetSnapshot['target']> & { at?: number } = {},
): string {
  const one = snapshot(stateAfter(facts), settings);
  const standing = judgeAccount(one, { targets: [one], nowSeconds: at });
  return standing.kind === 'usable' ? standing.use : standing.kind;
}

const CREDITS = { hasCredits: true, unlimited: false, balance: '489.25' };

describe('the standing of an account, row by row', () => {
  it.each<[string, Fact[], string]>([
    // A refusal is a fact; a percentage is a forecast.
    ['nothing is known', [], 'included'],
    ['figures at 100% mark nothing, they order', [figures(NOW, 100)], 'full'],
    ['figures at 99% mark nothing', [figures(NOW, 99)], 'included'],
    ['a refusal rests it', [refused('window-weekly')], 'resting'],
    ['the service serves at 100%', [figures(NOW, 100, { ordinaryAllowed: true })], 'full'],
    ['ordinary usage is not allowed', [figures(NOW, 25, { ordinaryAllowed: false })], 'full'],
    // Later facts win.
    [
      'lifted: live figures below 100%',
      [refused('window-weekly'), figures(NOW + 1, 2)],
      'included',
    ],
    ['still full', [refused('window-weekly'), figures(NOW + 1, 100)], 'resting'],
    [
      'full, but ordinary usage is allowed again',
      [refused('window-weekly'), figures(NOW + 1, 100, { ordinaryAllowed: true })],
      'full',
    ],
    [
      'below 100%, but ordinary usage is not allowed',
      [refused('window-weekly'), figures(NOW + 1, 25, { ordinaryAllowed: false })],
      'resting',
    ],
    [
      'the figures of a session are no news from the service',
      [refused('window-weekly'), figures(NOW + 1, 2, { source: 'session' })],
      'resting',
    ],
    ['figures of before the refusal', [figures(NOW - 1, 2), refused('window-weekly')], 'resting'],
    [
      'the refusal is recorded after later figures',
      [figures(NOW + 1, 2), refused('window-weekly')],
      'included',
    ],
    ['an answered turn', [refused('window-weekly'), answered(NOW + 1)], 'included'],
    [
      'a turn that began before the refusal',
      [refused('window-weekly'), answered(NOW - 1)],
      'resting',
    ],
    [
      'a refusal after the answered turn',
      [refused('window-weekly'), answered(NOW + 1), refused('window-5h', NOW + 2)],
      'resting',
    ],
    // At the moment of the question an hour has passed.
    ['a time that has passed is now', [refused('window-weekly', NOW, NOW - DAY)], 'included'],
    ['a 5-hour limit after 6 hours', [refused('window-5h', NOW - 5 * HOUR)], 'included'],
    [
      'a weekly limit after 8 days',
      [refused('window-weekly', NOW - 8 * DAY, NOW + 90 * DAY)],
      'included',
    ],
  ])('%s', (_, facts, expected) => {
    expect(stand(facts)).toBe(expected);
  });

  const BY_FIGURES = ['window-5h', 'window-weekly', 'window-other', 'reserve', 'needs-login'];
  const BY_ANSWER = [...BY_FIGURES, 'unknown', 'api-quota', 'not-in-plan'];
  it.each(MARK_KINDS)('what ends a mark early: %s', (kind) => {
    const left = (fact: Fact) => stateAfter([refused(kind), fact]).marks.length;
    expect(left(figures(NOW + 1, 2))).toBe(BY_FIGURES.includes(kind) ? 0 : 1);
    expect(left(answered(NOW + 1))).toBe(BY_ANSWER.includes(kind) ? 0 : 1);
    // What comes in the same moment is no later fact.
    expect(left(figures(NOW, 2))).toBe(1);
    expect(left(answered(NOW))).toBe(1);
  });

  const onCredits = [figures(NOW, 100, { credits: CREDITS, ordinaryAllowed: false })];
  it.each<[string, Fact[], 'never' | 'last' | 'allow' | undefined, string]>([
    ['by default they are the last resort', onCredits, undefined, 'credits'],
    ['last', onCredits, 'last', 'credits'],
    ['allow', onCredits, 'allow', 'included'],
    ['never', onCredits, 'never', 'resting'],
    ['never, with included usage', [figures(NOW, 99, { credits: CREDITS })], 'never', 'included'],
    ['never, without credits', [figures(NOW, 100)], 'never', 'full'],
    [
      'never, and the service allows ordinary usage',
      [figures(NOW, 100, { credits: CREDITS, ordinaryAllowed: true })],
      'never',
      'full',
    ],
    [
      'a refusal still rests it',
      [...onCredits, refused('window-weekly', NOW + 1)],
      'allow',
      'resting',
    ],
  ])('credits, %s', (_, facts, credits, expected) => {
    expect(stand(facts, credits && { credits })).toBe(expected);
  });

  it('of usable accounts, included usage comes before credits, and a full window is last', () => {
    const states = {
      full: stateAfter([figures(NOW, 100)]),
      paid: stateAfter([figures(NOW, 100, { credits: CREDITS })]),
      fresh: stateAfter([figures(NOW, 99)]),
    };
    const pick = (names: (keyof typeof states)[]) => {
      const targets = names.map((name) => snapshot({ ...states[name], target: name }));
      const choice = chooseTarget({ targets, nowSeconds: NOW + 1 });
      return choice.kind === 'chosen' ? choice.target.name : 'none';
    };
    expect(pick(['full', 'paid', 'fresh'])).toBe('fresh');
    expect(pick(['full', 'paid'])).toBe('paid');
    expect(pick(['full'])).toBe('full');
  });
});

describe('facts under a clock that was ahead', () => {
  const AHEAD = NOW + 30 * DAY;
  const now = (kind: MarkKind) => (state: AccountState) =>
    afterRefusal(state, { kind, at: NOW, until: NOW + 3 * DAY }, NOW);

  it('do not disprove a refusal of today', () => {
    expect(stand([figures(AHEAD, 2), now('window-weekly')])).toBe('resting');
    const lifted = [refused('window-weekly', AHEAD - 1), answered(AHEAD)];
    expect(stand([...lifted, now('window-weekly')])).toBe('resting');
  });

  it('do not rest an account, and do not keep a mark of today away', () => {
    expect(stand([refused('window-weekly', AHEAD)])).toBe('included');
    expect(stand([refused('window-weekly', AHEAD), now('window-weekly')])).toBe('resting');
  });
});

describe('two targets with the same account', () => {
  const twin = (name: string, facts: Fact[], enabled = true): TargetSnapshot => {
    const one = snapshot({ ...stateAfter(facts), target: name }, { enabled });
    const vault = { ...one.vault, identity: { userId: 'same', accountId: 'same' } };
    return { ...one, vault: vault as TargetSnapshot['vault'] };
  };
  const standing = (one: TargetSnapshot, other: TargetSnapshot) =>
    judgeAccount(one, { targets: [one, other], nowSeconds: NOW + HOUR }).kind;

  it('share a mark, and the facts that end it', () => {
    const marked = twin('a', [refused('window-weekly')]);
    expect(standing(twin('b', []), marked)).toBe('resting');
    const fresh = twin('b', [figures(NOW + 1, 2)]);
    expect(standing(fresh, marked)).toBe('usable');
    expect(standing(marked, fresh)).toBe('usable');
    expect(standing(twin('b', [figures(NOW - 1, 2)]), marked)).toBe('resting');
  });

  it('the service is asked about the one that is on', () => {
    const targets = [twin('a', [refused('window-weekly')], false), twin('b', [])];
    const none = { chosen: undefined, preferred: undefined };
    expect(listDoubted({ targets, ...none, nowSeconds: NOW + HOUR })).toEqual(['b']);
  });
});

describe('the mark of a proof', () => {
  const facts = { nowSeconds: NOW, workspace: undefined, config: { cooldownMinutes: 240 } };
  it.each<[string, Parameters<typeof markOf>[0], number]>([
    ['the reset of a window', { kind: 'window-weekly', until: NOW + 5 * DAY }, NOW + 5 * DAY],
    ['no full window: the configured rest', { kind: 'unknown' }, NOW + 4 * HOUR],
    ['out of credits: the configured rest', { kind: 'workspace-credits' }, NOW + 4 * HOUR],
    ['a time that has passed: now', { kind: 'window-5h', until: NOW - DAY }, NOW],
    ['5 h: no longer than its window', { kind: 'window-5h', until: NOW + 9 * DAY }, NOW + 20_572],
    ['weekly: 8 days', { kind: 'window-weekly', until: NOW + 90 * DAY }, NOW + 8 * DAY],
    [
      'monthly, where the window says so',
      { kind: 'window-other', minutes: 30 * 1440, until: NOW + 29 * DAY },
      NOW + 29 * DAY,
    ],
    [
      'a window without a length: a week',
      { kind: 'window-other', until: NOW + 90 * DAY },
      NOW + 8 * DAY,
    ],
  ])('%s', (_, proof, until) => {
    expect(markOf(proof, facts).until).toBe(until);
  });
});

describe('which accounts the service is asked about', () => {
  const OLD = NOW - 31 * 60;
  const marked = (name: string, ...facts: Fact[]) =>
    snapshot({ ...stateAfter(facts), target: name });
  const weekly = (at: number) => refused('window-weekly', at);
  const paid = (at: number) =>
    snapshot(
      { ...stateAfter([figures(at, 100, { credits: CREDITS })]), target: 'rich' },
      { credits: 'never' },
    );
  const ask = (targets: TargetSnapshot[], rest: Partial<Parameters<typeof listDoubted>[0]>) =>
    listDoubted({ targets, chosen: undefined, preferred: undefined, nowSeconds: NOW, ...rest });

  it.each<[string, TargetSnapshot[], Partial<Parameters<typeof listDoubted>[0]>, string[]]>([
    [
      'none is left: each that rests',
      [marked('a', weekly(NOW - 1)), marked('b', weekly(OLD))],
      {},
      ['a', 'b'],
    ],
    ['not the one that was refused just now', [marked('a', weekly(NOW))], { exclude: 'a' }, []],
    ['not where figures prove nothing', [marked('a', refused('unknown', OLD))], {}, []],
    ['not where a person must act', [marked('a', weekly(OLD), refused('manual', OLD))], {}, []],
    [
      'a usable account in order',
      [marked('a'), marked('b', weekly(OLD))],
      { chosen: 'a', preferred: 'a' },
      [],
    ],
    [
      'the user’s own choice is passed over',
      [marked('a', weekly(OLD)), marked('b')],
      { chosen: 'b', preferred: 'a' },
      ['a'],
    ],
    [
      '… for a fresh mark',
      [marked('a', weekly(NOW - 60)), marked('b')],
      { chosen: 'b', preferred: 'a' },
      [],
    ],
    [
      'not one that rests for its workspace, too',
      [
        marked('a', weekly(OLD)),
        marked('b', (state) =>
          afterRefusal(
            state,
            { kind: 'workspace-credits', at: OLD, until: NOW + DAY, workspace: 'a' },
            NOW,
          ),
        ),
      ],
      { preferred: 'a' },
      [],
    ],
    [
      'not one whose login is dead',
      [marked('a', weekly(OLD), refused('needs-login', OLD))],
      { preferred: 'a' },
      [],
    ],
    ['one that rests because it may spend no credits', [paid(NOW - 1)], {}, ['rich']],
    [
      '… and is passed over for old figures',
      [paid(OLD), marked('b')],
      { chosen: 'b', preferred: 'rich' },
      ['rich'],
    ],
    ['… for fresh ones', [paid(NOW - 60), marked('b')], { chosen: 'b', preferred: 'rich' }, []],
    [
      '… and the service was asked a short time ago',
      [marked('a', weekly(OLD), figures(NOW - 60, 100)), marked('b')],
      { chosen: 'b', preferred: 'a' },
      [],
    ],
  ])('%s', (_, targets, rest, expected) => {
    expect(ask(targets, rest)).toEqual(expected);
  });
});

const someTime = fc.integer({ min: NOW - 10 * DAY, max: NOW + 10 * DAY });
const someFact: fc.Arbitrary<Fact> = fc.oneof(
  fc
    .record({
      kind: fc.constantFrom(...MARK_KINDS),
      at: someTime,
      until: fc.oneof(someTime, fc.constantFrom(NOW * 1000, 0, Number.MAX_SAFE_INTEGER)),
    })
    .map(({ kind, at, until }) => refused(kind, at, until)),
  fc
    .record({ at: someTime, used: fc.integer({ min: 0, max: 100 }) })
    .map(({ at, used }) => figures(at, used)),
  someTime.map(answered),
);
const someFacts = fc.array(someFact, { maxLength: 8 });

test('a mark never outlives its bound', () => {
  const longest = { 'window-5h': 6 * HOUR, 'window-weekly': 8 * DAY, 'window-other': 8 * DAY };
  fc.assert(
    fc.property(someFacts, (facts) => {
      for (const { kind, until, at } of stateAfter(facts).marks) {
        const most = longest[kind as keyof typeof longest] ?? 32 * DAY;
        if (until !== null) expect(until).toBeLessThanOrEqual(at + most + 1);
      }
    }),
  );
  expect(boundMark({ kind: 'manual', at: NOW, until: null }).until).toBeNull();
});

test('a usable account never loses to an unusable one', () => {
  fc.assert(
    fc.property(fc.array(someFacts, { minLength: 1, maxLength: 4 }), (pool) => {
      const targets = pool.map((facts, index) =>
        snapshot({ ...stateAfter(facts), target: `acc${index}` }),
      );
      const question = { targets, nowSeconds: NOW };
      const usable = targets.filter((one) => judgeAccount(one, question).kind === 'usable');
      const choice = chooseTarget(question);
      expect(choice.kind).toBe(usable.length > 0 ? 'chosen' : 'none');
      if (choice.kind !== 'chosen') return;
      expect(usable.map(({ target }) => target.name)).toContain(choice.target.name);
    }),
  );
});

test('more evidence of health never makes an account less usable', () => {
  const health = fc.oneof(
    someTime.map(answered),
    someTime.map((at) => figures(at, 5)),
  );
  const rank = (facts: Fact[]) =>
    ['included', 'credits', 'full', 'resting', 'unusable'].indexOf(stand(facts, { at: NOW }));
  fc.assert(
    fc.property(someFacts, health, (facts, fact) => {
      expect(rank([...facts, fact])).toBeLessThanOrEqual(rank(facts));
    }),
  );
});

test('the order in which two facts are recorded does not matter', () => {
  const marksOf = (facts: Fact[]): Mark[] => activeMarks(stateAfter(facts), NOW);
  const pastTime = fc.integer({ min: NOW - 10 * DAY, max: NOW });
  const refusal = fc
    .record({ kind: fc.constantFrom(...MARK_KINDS), at: pastTime })
    .map(({ kind, at }) => refused(kind, at));
  const news = fc.oneof(
    someTime.map((at) => figures(at, 5)),
    refusal,
  );
  fc.assert(
    fc.property(refusal, news, (one, other) => {
      const sorted = (marks: Mark[]) => marks.map((mark) => JSON.stringify(mark)).sort();
      expect(sorted(marksOf([one, other]))).toEqual(sorted(marksOf([other, one])));
    }),
  );
});
