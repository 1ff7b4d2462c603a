import type { Report } from '../run-tests/report.ts';
import { isGood, makeVerdict, sumUp, type Verdict } from '../run-tests/verdict.ts';
import { REPO } from '../run-tests/vitest.ts';

/** Counts over many runs how often each test failed. */
export interface Tally {
  add(report: Report | undefined): void;
  /** `12 passed, 1 failed`, of the last run. */
  last(): string;
  /** Not one test has run. */
  isEmpty(): boolean;
  /** Tests have run, and none has failed. */
  isClean(): boolean;
  /** Each failed test with its count and its first message; the rarest last. */
  list(): string;
}

export function createTally(): Tally {
  const verdicts: Verdict[] = [];
  return {
    add: (report) => void verdicts.push(makeVerdict(report, new Map(), REPO)),
    last() {
      const { passed = 0, failed = 0 } = verdicts.at(-1) ?? {};
      return `${passed} passed, ${failed} failed`;
    },
    isEmpty: () => verdicts.every(({ passed, failed }) => passed + failed === 0),
    isClean: () => isGood(sumUp(verdicts)),
    list() {
      const clean = verdicts.filter(({ failed }) => failed === 0).length;
      return [
        ...countFailures(verdicts).flatMap(({ count, test, message }) => [
          `${count} of ${verdicts.length}: ${test}`,
          ...message.map((line) => `    ${line}`),
        ]),
        `${clean} of ${verdicts.length} runs passed`,
      ].join('\n');
    },
  };
}

const MOST_LINES = 12;

function countFailures(verdicts: readonly Verdict[]) {
  const found = new Map<string, { count: number; test: string; message: string[] }>();
  for (const failure of verdicts.flatMap(({ failures }) => failures)) {
    const [test = '', ...message] = failure.split('\n');
    const known = found.get(test) ?? { count: 0, test, message: message.slice(0, MOST_LINES) };
    found.set(test, { ...known, count: known.count + 1 });
  }
  return [...found.values()].sort((a, b) => b.count - a.count);
}
