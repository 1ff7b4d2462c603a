import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ChoiceQuestion, chooseTarget } from '../../../src/accounts/choice.ts';
import { MARK_KINDS, type Mark } from '../../../src/accounts/marks.ts';
import type { TargetSnapshot } from '../../../src/accounts/target-snapshot.ts';

const NOW = 1_000_000;

interface Account {
  user?: string;
  workspace?: string;
  marks?: Partial<Mark>[];
  enabled?: boolean;
  vault?: 'ready' | 'empty' | 'broken';
  onRecord?: string;
  issuedAt?: number;
}

function snapshot(name: string, account: Account = {}): TargetSnapshot {
  const { user = name, workspace = `w-${name}`, vault = 'ready', marks = [] } = account;
  const identity = { userId: user, accountId: workspace };
  return {
    target: { name, vault: `/v/${name}`, enabled: account.enabled ?? true },
    vault:
      vault === 'ready'
        ? {
            kind: 'ready',
            authFile: `/v/${name}/auth.json`,
            identity,
            issuedAt: account.issuedAt ?? 0,
          }
        : vault === 'empty'
          ? { kind: 'empty' }
          : { kind: 'broken', reason: 'is not valid JSON', advice: '' },
    state: {
      version: 1,
      target: name,
      marks: marks.map((mark) => ({ kind: 'window-5h', until: NOW + 100, at: NOW - 100, ...mark })),
      ...(account.onRecord === undefined
        ? {}
        : { identity: { userId: account.onRecord, accountId: workspace } }),
    },
  };
}

const pool = (accounts: Record<string, Account>): TargetSnapshot[] =>
  Object.entries(accounts).map(([name, account]) => snapshot(name, account));
const choose = (accounts: Record<string, Account>, question: Partial<ChoiceQuestion> = {}) =>
  chooseTarget({ targets: pool(accounts), nowSeconds: NOW, ...question });
const chosen = (accounts: Record<string, Account>, question: Partial<ChoiceQuestion> = {}) => {
  const choice = choose(accounts, question);
  return choice.kind === 'chosen' ? choice.target.name : choice.kind;
};

describe('order', () => {
  test.each([
    ['the first without a current one', {}, 'a'],
    ['the current one', { current: 'b' }, 'b'],
    ['the one after the exhausted', { current: 'b', exclude: 'b' }, 'c'],
    ['round the list', { current: 'c', exclude: 'c' }, 'a'],
    ['a current one that is gone', { current: 'gone' }, 'a'],
    ['an excluded one that is gone', { exclude: 'gone' }, 'a'],
  ])('%s', (_, question, expected) => {
    expect(chosen({ a: {}, b: {}, c: {} }, question)).toBe(expected);
  });
});

describe('who is passed over', () => {
  test.each<[string, Account, RegExp]>([
    ['switched off', { enabled: false }, /switched off/],
    ['not logged in', { vault: 'empty' }, /not logged in/],
    ['broken vault', { vault: 'broken' }, /is not valid JSON/],
    ['marked', { marks: [{}] }, /5-hour limit/],
    ['marked by hand', { marks: [{ kind: 'manual', until: null }] }, /by hand/],
    ['needing a login', { marks: [{ kind: 'needs-login', until: null }] }, /new login/],
    [
      'another account in its vault',
      { onRecord: 'someone-else' },
      /now has the login of another account/,
    ],
  ])('%s', (_, account, reason) => {
    expect(chosen({ a: account, b: {} })).toBe('b');
    expect(choose({ a: account })).toMatchObject({
      kind: 'none',
      reasons: [{ target: 'a', standing: { evidence: expect.stringMatching(reason) } }],
    });
  });

  test('marks lapse by themselves', () => {
    const accounts = { a: { marks: [{ until: NOW + 1 }] }, b: {} };
    expect(chosen(accounts)).toBe('b');
    expect(chosen(accounts, { nowSeconds: NOW + 1 })).toBe('a');
  });

  test('a newer login heals needs-login, but not a limit', () => {
    const marks = [{ kind: 'needs-login', until: null, at: NOW - 50 }] as Mark[];
    expect(chosen({ a: { marks, issuedAt: NOW - 51 }, b: {} })).toBe('b');
    expect(chosen({ a: { marks, issuedAt: NOW - 49 }, b: {} })).toBe('a');
    expect(chosen({ a: { marks: [{}], issuedAt: NOW - 49 }, b: {} })).toBe('b');
  });

  test('another name of the exhausted account', () => {
    const accounts = { a: { user: 'u', workspace: 'w' }, b: { user: 'u', workspace: 'w' }, c: {} };
    expect(chosen(accounts, { exclude: 'a' })).toBe('c');
    expect(chosen({ ...accounts, a: { ...accounts.a, marks: [{}] } })).toBe('c');
    // The same person in another workspace is another account.
    expect(chosen({ a: { user: 'u' }, b: { user: 'u' } }, { exclude: 'a' })).toBe('b');
  });

  test('everybody of a workspace without credits, nobody for a person’s own window', () => {
    const team = (kind: Mark['kind']) => ({
      a: { workspace: 'w', marks: [{ kind, workspace: 'w' }] },
      b: { workspace: 'w' },
      c: {},
    });
    expect(chosen(team('workspace-credits'), { exclude: 'a' })).toBe('c');
    expect(chosen(team('spend-cap'), { exclude: 'a' })).toBe('c');
    expect(chosen(team('window-5h'), { exclude: 'a' })).toBe('b');
  });

  test('a used-up model bucket counts only when that bucket is asked for', () => {
    const marks = [{ kind: 'model-bucket', limitName: 'big' }] as Mark[];
    expect(chosen({ a: { marks }, b: {} })).toBe('a');
    expect(chosen({ a: { marks }, b: {} }, { bucket: 'small' })).toBe('a');
    expect(chosen({ a: { marks }, b: {} }, { bucket: 'big' })).toBe('b');
  });
});

describe('nobody left', () => {
  test('tells every reason and who comes back first', () => {
    const choice = choose(
      {
        a: { marks: [{ until: NOW + 300 }, { kind: 'window-weekly', until: NOW + 900 }] },
        b: { marks: [{ until: NOW + 500 }] },
        c: { marks: [{ until: NOW + 10 }, { kind: 'manual', until: null }] },
        d: { vault: 'empty' },
      },
      { exclude: 'b' },
    );
    const evidence =
      choice.kind === 'none' &&
      choice.reasons.map(({ target, standing }) => ({ target, reason: standing.evidence }));
    expect({ ...choice, reasons: evidence }).toEqual({
      kind: 'none',
      reasons: [
        { target: 'c', reason: 'its 5-hour limit is used up; set aside by hand' },
        { target: 'd', reason: 'not logged in' },
        { target: 'a', reason: 'its 5-hour limit is used up; its weekly limit is used up' },
        { target: 'b', reason: 'its 5-hour limit is used up' },
      ],
      earliest: { target: 'b', until: NOW + 500 },
    });
  });

  test('an empty pool', () => {
    expect(choose({})).toEqual({ kind: 'none', reasons: [] });
  });
});

const someMark: fc.Arbitrary<Mark> = fc.record({
  kind: fc.constantFrom(...MARK_KINDS),
  until: fc.option(fc.integer({ min: NOW - 50, max: NOW + 50 })),
  at: fc.constant(NOW - 60),
  workspace: fc.constantFrom('w1', 'w2'),
});
const someAccount: fc.Arbitrary<Account> = fc.record({
  user: fc.constantFrom('u1', 'u2', 'u3'),
  workspace: fc.constantFrom('w1', 'w2'),
  enabled: fc.boolean(),
  vault: fc.constantFrom('ready', 'ready', 'empty', 'broken'),
  marks: fc.array(someMark, { maxLength: 2 }),
});

test('whatever the pool: the choice is fit, is not the excluded account, and none means a reason for each', () => {
  const names = ['a', 'b', 'c', 'd'];
  fc.assert(
    fc.property(
      fc.array(someAccount, { maxLength: 4 }),
      fc.option(fc.constantFrom(...names)),
      (accounts, exclude) => {
        const targets = accounts.map((account, index) => snapshot(names[index] as string, account));
        const choice = chooseTarget({ targets, exclude: exclude ?? undefined, nowSeconds: NOW });
        if (choice.kind === 'none') {
          expect(choice.reasons.map(({ target }) => target).sort()).toEqual(
            targets.map(({ target }) => target.name),
          );
          return;
        }
        const { target, vault, state } = targets.find(
          (s) => s.target.name === choice.target.name,
        ) as TargetSnapshot;
        expect([target.enabled, vault.kind]).toEqual([true, 'ready']);
        expect(target.name).not.toBe(exclude);
        const binding = state.marks.filter(
          ({ kind, until }) => kind !== 'model-bucket' && (until === null || until > NOW),
        );
        expect(binding).toEqual([]);
      },
    ),
  );
});
