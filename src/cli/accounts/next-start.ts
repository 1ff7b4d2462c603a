import { judgeAccount, type Standing } from '../../accounts/standing.ts';
import type { TargetSnapshot } from '../../accounts/target-snapshot.ts';
import { readUsage, tightest } from '../../accounts/usage.ts';
import { HotswapError } from '../../errors.ts';
import { type ChosenAccount, chooseAccount } from '../../launch/choose-account.ts';
import { describeTime } from '../../local-time.ts';
import type { Config } from '../../state/config.ts';
import { describeWait } from '../time-text.ts';

/** What decides about the account of a new session. */
export interface StartQuestion {
  config: Pick<Config, 'strategy'>;
  targets: readonly TargetSnapshot[];
  /** The account that the user has chosen. */
  current: string;
  now: Date;
}

/** The account that a new session would start with, by the choice of a launch. Undefined when no account can be used. Pure. */
export function foreseeStart({
  config,
  ...question
}: Omit<StartQuestion, 'current'> & { current: string | undefined }): ChosenAccount | undefined {
  try {
    return chooseAccount({ ...question, strategy: config.strategy });
  } catch (error) {
    if (error instanceof HotswapError) return undefined;
    throw error;
  }
}

/**
 * Says which account a new session starts with after a choice of the user, and why that is another one. Pure.
 * @param who the identity of the chosen account, in brackets; '' when it is not known.
 */
export function tellStart(question: StartQuestion, who: string): string {
  const { current } = question;
  const start = foreseeStart(question);
  if (start === undefined) {
    const nobody = `${current} is chosen${who}, but no account can be used now`;
    return nobody + (wouldSpend(question) ? TO_SPEND + current : '');
  }
  if (start.target === current) return `new sessions start with ${current}${who}`;
  const { why, till } = tellObstacle(question, start.target);
  return `${why}; new sessions start with ${start.target}${till}`;
}

const TO_SPEND = ' without its credits; to spend them all the same: codex-hotswap launch ';

function wouldSpend({ targets, current, now }: StartQuestion): boolean {
  const snapshot = targets.find(({ target }) => target.name === current);
  if (snapshot === undefined) return false;
  const standing = judgeAccount(snapshot, { targets, nowSeconds: now.getTime() / 1000 });
  return standing.kind === 'resting' && standing.spends === true;
}

/** Why a new session does not start with the chosen account, and until when that is so. */
function tellObstacle(
  { config, targets, current, now }: StartQuestion,
  chosen: string,
): { why: string; till: string } {
  const snapshot = targets.find(({ target }) => target.name === current);
  if (snapshot === undefined) return { why: `there is no account ${current} any more`, till: '' };
  const nowSeconds = now.getTime() / 1000;
  const standing = judgeAccount(snapshot, { targets, nowSeconds });
  if (standing.kind !== 'usable') return tellUnusable(current, standing, now);
  if (config.strategy !== 'order') {
    const why = `${current} can be used, but the strategy ${config.strategy} chooses ${chosen} now`;
    return { why, till: '; to use the chosen one: codex-hotswap config set strategy order' };
  }
  const left = tightest(readUsage(snapshot.state.usage)?.windows ?? [], nowSeconds)?.left;
  const { threshold = 0 } = snapshot.target;
  const has = left === undefined ? 'has less left' : `has ${Math.floor(left)}% left`;
  const isSpared = standing.use === 'included' && left !== undefined && left < threshold;
  const limit = isSpared ? `, less than its threshold of ${threshold}%` : '';
  return { why: `${current} ${has}${limit}`, till: ', which has more' };
}

function tellUnusable(
  name: string,
  standing: Exclude<Standing, { kind: 'usable' }>,
  now: Date,
): { why: string; till: string } {
  const why = `${name}: ${standing.evidence}`;
  if (standing.kind === 'resting') {
    const { until } = standing;
    if (until === undefined)
      return { why, till: `; when ${name} works again: codex-hotswap reset ${name}` };
    const when = `${describeTime(until, now)} (${describeWait(until, now)})`;
    return { why: `${why} until ${when}`, till: ' till then' };
  }
  return { why, till: standing.advice === undefined ? '' : `; to use ${name}: ${standing.advice}` };
}
