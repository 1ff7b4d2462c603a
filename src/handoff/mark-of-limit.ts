import type { Mark } from '../accounts/marks.ts';
import type { LimitProof } from '../codex/limit-proof.ts';
import type { Config } from '../state/config.ts';

/** The mark of a proven limit. It lasts until the reset time of the record, or else for the configured time. */
export function markOf(
  proof: Pick<LimitProof, 'kind' | 'until' | 'limitName' | 'message'>,
  facts: {
    nowSeconds: number;
    workspace: string | undefined;
    config: Pick<Config, 'cooldownMinutes'>;
  },
): Mark {
  const { nowSeconds, workspace, config } = facts;
  const rest = nowSeconds + Math.round(config.cooldownMinutes * 60);
  // The limit was met just now, so it cannot have ended before. The two clocks may differ a little.
  const said = proof.until ?? 0;
  const end = said > nowSeconds - CLOCK_SLACK_SECONDS ? said : rest;
  const until = proof.kind === 'needs-login' ? null : end;
  return {
    kind: proof.kind,
    at: nowSeconds,
    until,
    ...(proof.limitName === undefined ? {} : { limitName: proof.limitName }),
    ...(workspace === undefined ? {} : { workspace }),
    ...(proof.message === undefined ? {} : { message: proof.message }),
  };
}

const CLOCK_SLACK_SECONDS = 600;
