import { dropUndefined } from '../codex/json.ts';
import type { Strategy, Target } from '../state/config.ts';
import type { Identity } from './login.ts';
import { prefer } from './preference.ts';
import {
  judgeAccount,
  type Standing,
  type StandingQuestion,
  type Usable,
  type Use,
} from './standing.ts';
import type { TargetSnapshot } from './target-snapshot.ts';

export interface ChoiceQuestion extends StandingQuestion {
  /** In the order of the configuration. */
  targets: readonly TargetSnapshot[];
  /** The search starts at this target. */
  current?: string | undefined;
  /** Chooses between several usable targets; default: the first in search order. */
  strategy?: Strategy;
}

export type Choice =
  | { kind: 'chosen'; target: Target; authFile: string; identity: Identity; use: Use }
  | {
      kind: 'none';
      /** Why each account is not used, in search order. */
      reasons: Refused[];
      /** The target whose last mark ends first, if a time is known. */
      earliest?: { target: string; until: number };
    };

export interface Refused {
  target: string;
  standing: Exclude<Standing, Usable>;
}

/**
 * Chooses the target to work under. An account with included usage comes before an account that spends credits, and that
 * before an account whose window is full. Among equal ones the strategy `order` takes the current target, else the next one in the
 * list. The other strategies compare the usage of the targets. Pure.
 */
export function chooseTarget(question: ChoiceQuestion): Choice {
  const { strategy = 'order', nowSeconds } = question;
  const judged = inSearchOrder(question).map((snapshot) => ({
    snapshot,
    standing: judgeAccount(snapshot, question),
  }));
  const usable = judged.flatMap(({ snapshot, standing }) =>
    standing.kind === 'usable' ? [{ snapshot, standing }] : [],
  );
  if (usable.length > 0) {
    const { snapshot, standing } = prefer(usable, strategy, nowSeconds);
    const { authFile, identity, use } = standing;
    return { kind: 'chosen', target: snapshot.target, authFile, identity, use };
  }
  const reasons = judged.flatMap(({ snapshot, standing }) =>
    standing.kind === 'usable' ? [] : [{ target: snapshot.target.name, standing }],
  );
  const earliest = reasons
    .flatMap(({ target, standing }) =>
      standing.kind === 'resting' && standing.until !== undefined
        ? [{ target, until: standing.until }]
        : [],
    )
    .sort((a, b) => a.until - b.until)[0];
  return { kind: 'none', reasons, ...dropUndefined({ earliest }) };
}

// After a limit the search begins behind the excluded target: several handoffs in a row try every target.
function inSearchOrder({ targets, current, exclude }: ChoiceQuestion): TargetSnapshot[] {
  const at = targets.findIndex(({ target }) => target.name === (exclude ?? current));
  const start = at === -1 ? 0 : exclude === undefined ? at : at + 1;
  return [...targets.slice(start), ...targets.slice(0, start)];
}
