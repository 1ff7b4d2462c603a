import { canFiguresEnd } from './evidence.ts';
import { isSameIdentity } from './login.ts';
import { activeMarks, type Mark } from './marks.ts';
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
  const excluded = targets.find(({ target }) => target.name === exclude);
  const marked = targets.filter(
    (one) =>
      one.target.name !== exclude && !isSame(one, excluded) && isRestingByFigures(one, nowSeconds),
  );
  const old = marked.filter((one) => isOld(one, nowSeconds));
  const isPassedOver = preferred !== chosen && old.some(({ target }) => target.name === preferred);
  const doubted = chosen === undefined ? marked : isPassedOver ? old : [];
  return doubted.map(({ target }) => target.name);
}

const OLD_SECONDS = 30 * 60;

/** The account rests, and figures could end each of its marks. */
function isRestingByFigures({ target, vault, state }: TargetSnapshot, nowSeconds: number): boolean {
  if (!target.enabled || vault.kind !== 'ready') return false;
  const marks = activeMarks(state, nowSeconds).filter(isLimit);
  return marks.length > 0 && marks.every(canFiguresEnd);
}

/** Neither the marks nor the answer of the service are of the last 30 minutes. */
function isOld({ state }: TargetSnapshot, nowSeconds: number): boolean {
  const usage = readUsage(state.usage);
  const askedAt = usage?.source === 'live' ? usage.capturedAt : 0;
  const marks = activeMarks(state, nowSeconds).filter(isLimit);
  return Math.max(askedAt, ...marks.map(({ at }) => at)) < nowSeconds - OLD_SECONDS;
}

/** A model's own limit does not rest an account, and a dead login is no limit. */
function isLimit({ kind }: Mark): boolean {
  return kind !== 'model-bucket' && kind !== 'needs-login';
}

function isSame({ vault }: TargetSnapshot, excluded: TargetSnapshot | undefined): boolean {
  const other = excluded?.vault;
  return (
    vault.kind === 'ready' &&
    other?.kind === 'ready' &&
    isSameIdentity(vault.identity, other.identity)
  );
}
