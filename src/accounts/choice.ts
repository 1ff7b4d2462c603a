import { dropUndefined } from '../codex/json.ts';
import type { Strategy, Target } from '../state/config.ts';
import { describeIdentity, type Identity, isSameIdentity } from './login.ts';
import { activeMarks, isWorkspaceMark, type Mark } from './marks.ts';
import { holdsForeignLogin, ownerOf } from './owner.ts';
import { prefer } from './preference.ts';
import type { TargetSnapshot } from './target-snapshot.ts';

export interface ChoiceQuestion {
  /** In the order of the configuration. */
  targets: readonly TargetSnapshot[];
  /** The search starts at this target. */
  current?: string | undefined;
  /** The target that just met its limit. This target is not chosen, and no other target of the same account. */
  exclude?: string | undefined;
  /** The model whose own limit was just met. An account with a mark for the same model is not chosen. */
  bucket?: string | undefined;
  /** Chooses between several usable targets; default: the first in search order. */
  strategy?: Strategy;
  nowSeconds: number;
}

export type Choice =
  | { kind: 'chosen'; target: Target; authFile: string; identity: Identity }
  | {
      kind: 'none';
      reasons: { target: string; reason: string }[];
      /** The target whose last mark ends first, if a time is known. */
      earliest?: { target: string; until: number };
    };

/**
 * Chooses the target to work under. The strategy `order` takes the current target if it may be used, else the next one in
 * the list. The other strategies compare the usage of the targets. Pure.
 */
export function chooseTarget(question: ChoiceQuestion): Choice {
  const { strategy = 'order', nowSeconds } = question;
  const judged = inSearchOrder(question).map((snapshot) => ({
    snapshot,
    verdict: judge(snapshot, question),
  }));
  const usable = judged.filter(({ verdict }) => verdict.kind === 'chosen');
  if (usable.length > 0) {
    const candidates = usable.map(({ snapshot }) => snapshot);
    const best = prefer(candidates, strategy, nowSeconds);
    return usable.find(({ snapshot }) => snapshot === best)?.verdict as Chosen;
  }
  const verdicts = judged.map(({ verdict }) => verdict);
  const refused = verdicts.filter((verdict) => verdict.kind === 'refused');
  const earliest = refused
    .flatMap(({ target, until }) => (until === undefined ? [] : [{ target, until }]))
    .sort((a, b) => a.until - b.until)[0];
  return {
    kind: 'none',
    reasons: refused.map(({ target, reason }) => ({ target, reason })),
    ...dropUndefined({ earliest }),
  };
}

type Chosen = Extract<Choice, { kind: 'chosen' }>;

type Verdict =
  | Chosen
  /** `until`: epoch seconds at which the last reason ends by itself. */
  | { kind: 'refused'; target: string; reason: string; until?: number };

// After a limit the search begins behind the excluded target: several handoffs in a row try every target.
function inSearchOrder({ targets, current, exclude }: ChoiceQuestion): TargetSnapshot[] {
  const at = targets.findIndex(({ target }) => target.name === (exclude ?? current));
  const start = at === -1 ? 0 : exclude === undefined ? at : at + 1;
  return [...targets.slice(start), ...targets.slice(0, start)];
}

function judge(snapshot: TargetSnapshot, question: ChoiceQuestion): Verdict {
  const { target, vault } = snapshot;
  const refuse = (reason: string, until?: number): Verdict => ({
    kind: 'refused',
    target: target.name,
    reason,
    ...dropUndefined({ until }),
  });
  if (!target.enabled) return refuse('switched off in the configuration');
  if (vault.kind === 'empty') return refuse('not logged in');
  if (vault.kind !== 'ready') return refuse(vault.reason);
  const owner = ownerOf(snapshot);
  if (owner !== undefined && holdsForeignLogin(snapshot)) {
    return refuse(
      `its vault now holds another account (${describeIdentity(vault.identity)} instead of ${describeIdentity(owner)})`,
    );
  }
  const marks = listMarksAgainst(vault.identity, vault.issuedAt, target.name, question);
  if (marks.length > 0) return refuse(marks.map(describeMark).join('; '), findLastEnd(marks));
  if (target.name === question.exclude) return refuse('just hit its limit');
  const excluded = question.targets.find(({ target: { name } }) => name === question.exclude);
  if (excluded?.vault.kind === 'ready' && isSameIdentity(excluded.vault.identity, vault.identity)) {
    return refuse(`the same account as ${excluded.target.name}`);
  }
  return { kind: 'chosen', target, authFile: vault.authFile, identity: vault.identity };
}

// A limit belongs to an account or a workspace, not to a target. So the marks of every target with the same identity
// count, and the marks of a workspace count for each of its accounts.
function listMarksAgainst(
  identity: Identity,
  issuedAt: number,
  name: string,
  { targets, nowSeconds, bucket }: ChoiceQuestion,
): Mark[] {
  return targets.flatMap(({ target, vault, state }) => {
    const isOwn = target.name === name;
    const isSameAccount =
      isOwn || (vault.kind === 'ready' && isSameIdentity(vault.identity, identity));
    return activeMarks(state, nowSeconds).filter((mark) => {
      if (isWorkspaceMark(mark) && mark.workspace === identity.accountId) return true;
      if (mark.kind === 'model-bucket') return isSameAccount && isForModel(mark, bucket);
      if (mark.kind === 'needs-login') return isOwn && mark.at >= issuedAt; // a newer login ends the mark
      return mark.kind === 'manual' ? isOwn : isSameAccount;
    });
  });
}

// The other models of such an account still work, and the model of a new session is not known.
function isForModel(mark: Mark, bucket: string | undefined): boolean {
  return bucket !== undefined && (mark.limitName === undefined || mark.limitName === bucket);
}

// The account can be used when its last mark has ended. There is no such time when one of the marks has no end.
function findLastEnd(marks: Mark[]): number | undefined {
  const ends = marks.map(({ until }) => until ?? Number.POSITIVE_INFINITY);
  const last = Math.max(...ends);
  return Number.isFinite(last) ? last : undefined;
}

const MARK_TEXTS: Record<Mark['kind'], string> = {
  'window-5h': 'its 5-hour limit is used up',
  'window-weekly': 'its weekly limit is used up',
  'window-other': 'its limit is used up',
  'model-bucket': 'its limit for this model is used up',
  'workspace-credits': 'its workspace is out of credits',
  'spend-cap': 'its spend cap is reached',
  'not-in-plan': 'its plan does not include Codex',
  'api-quota': 'its API quota is used up',
  reserve: 'its ordinary usage is used up',
  'needs-login': 'needs a new login',
  manual: 'set aside by hand',
  unknown: 'its limit is used up',
};

/** A mark in words, without its end. */
export function describeMark(mark: Mark): string {
  return MARK_TEXTS[mark.kind] + (mark.limitName === undefined ? '' : ` (${mark.limitName})`);
}
