import type { Mark } from '../accounts/marks.ts';
import { dropUndefined } from '../codex/json.ts';
import type { LimitProof } from '../codex/limit-proof.ts';
import type { Config } from '../state/config.ts';

/** The mark of a proven limit. It lasts until the reset time in the record. Without one it lasts for the configured time. */
export function markOf(
  proof: Pick<LimitProof, 'kind' | 'until' | 'limitName' | 'message'>,
  facts: {
    nowSeconds: number;
    workspace: string | undefined;
    config: Pick<Config, 'cooldownMinutes'>;
  },
): Mark {
  const { nowSeconds, workspace, config } = facts;
  const cooldownEnd = nowSeconds + Math.round(config.cooldownMinutes * 60);
  // The limit was met just now, so it cannot have ended before. The two clocks may differ a little.
  const resetTime = proof.until ?? 0;
  const end = resetTime > nowSeconds - CLOCK_SLACK_SECONDS ? resetTime : cooldownEnd;
  const until = proof.kind === 'needs-login' ? null : end;
  return {
    kind: proof.kind,
    at: nowSeconds,
    until,
    ...dropUndefined({ limitName: proof.limitName, workspace, message: proof.message }),
  };
}

const CLOCK_SLACK_SECONDS = 600;
