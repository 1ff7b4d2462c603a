import { boundMark, type Mark } from '../accounts/marks.ts';
import { dropUndefined } from '../codex/json.ts';
import type { LimitProof } from '../codex/limit-proof.ts';
import type { Config } from '../state/config.ts';

/**
 * The mark of a proven limit. It lasts until the reset time in the record: a time that has passed means now. Without a time, or
 * without a full window, it lasts for the configured time (codex/limit-proof.ts).
 */
export function markOf(
  proof: Pick<LimitProof, 'kind' | 'until' | 'minutes' | 'limitName' | 'message'>,
  facts: {
    /** It may have a fraction. */
    nowSeconds: number;
    workspace: string | undefined;
    config: Pick<Config, 'cooldownMinutes'>;
  },
): Mark {
  const { nowSeconds, workspace, config } = facts;
  const { kind, minutes, limitName, message } = proof;
  const end = proof.until ?? Math.round(nowSeconds + config.cooldownMinutes * 60);
  return boundMark({
    ...{ kind, at: nowSeconds, until: kind === 'needs-login' ? null : end },
    ...dropUndefined({ minutes, limitName, workspace, message }),
  });
}
