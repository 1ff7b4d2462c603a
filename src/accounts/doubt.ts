import { canFiguresEnd } from './evidence.ts';
import { isSameIdentity } from './login.ts';
import { judgeAccount, listMarks, type StandingQuestion } from './standing.ts';
import type { TargetSnapshot } from './target-snapshot.ts';
import { readUsage } from './usage.ts';

export interface DoubtQuestion {
  targets: readonly TargetSnapshot[];
  /** The account that would be used. Undefined: none. */
  chosen: string | undefined;
  /** The account that the user has chosen. */
  preferred: string | undefined;
  /** The account that has met its limit just now. */
  exclude?: string | undefined;
  nowSeconds: number;
}

/**
 * The accounts to ask the service about before their marks are trusted, because the service lifts limits early. All of them when
 * no account is left. When the user's own choice would be passed over: those with a mark of more than 30 minutes. Pure.
 */
export function listDoubted(question: DoubtQuestion): string[] {
  const { targets, chosen, preferred, exclude, nowSeconds } = question;
  const facts = { targets, nowSeconds };
  const excluded = targets.find(({ target }) => target.name === exclude);
  const marked = targets.filter(
    (one) =>
      one.target.name !== exclude && !isSame(one, excluded) && isRestingByFigures(one, facts),
  );
  const old = marked.filter((one) => isOld(one, facts));
  const isPassedOver = preferred !== chosen && old.some(({ target }) => target.name === preferred);
  const doubted = chosen === undefined ? marked : isPassedOver ? old : [];
  return doubted.map(({ target }) => target.name);
}

const OLD_SECONDS = 30 * 60;

/** The account rests, and figures could end that: each of its marks, or the user's wish to spend no credits. */
function isRestingByFigures(one: TargetSnapshot, question: StandingQuestion): boolean {
  if (judgeAccount(one, question).kind !== 'resting') return false;
  return listMarks(one, question).every(canFiguresEnd);
}

/** Neither the marks nor the answer of the service are of the last 30 minutes. */
function isOld(one: TargetSnapshot, question: StandingQuestion): boolean {
  const usage = readUsage(one.state.usage);
  const marks = listMarks(one, question);
  // Without a mark the figures rest it, also those of a session.
  const isTold = usage?.source === 'live' || marks.length === 0;
  const toldAt = isTold ? (usage?.capturedAt ?? 0) : 0;
  return Math.max(toldAt, ...marks.map(({ at }) => at)) < question.nowSeconds - OLD_SECONDS;
}

function isSame({ vault }: TargetSnapshot, excluded: TargetSnapshot | undefined): boolean {
  const other = excluded?.vault;
  return (
    vault.kind === 'ready' &&
    other?.kind === 'ready' &&
    isSameIdentity(vault.identity, other.identity)
  );
}
