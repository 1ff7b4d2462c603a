import { dropUndefined } from '../codex/json.ts';
import { isDisproved } from './evidence.ts';
import { describeIdentity, type Identity, isSameIdentity } from './login.ts';
import { activeMarks, describeMark, isWorkspaceMark, type Mark } from './marks.ts';
import { holdsForeignLogin, ownerOf } from './owner.ts';
import type { TargetSnapshot } from './target-snapshot.ts';
import { isFullNow, readUsage, type Usage } from './usage.ts';

/** Whether an account can be used now, and the evidence for that in words. */
export type Standing =
  | Usable
  /**
   * A limit. `until`: when its last mark ends, epoch seconds; absent when a person must end one of them. `spends`: only the
   * user's setting rests it. Codex would go on with purchased credits.
   */
  | { kind: 'resting'; until?: number; evidence: string; spends?: true }
  | Unusable;

export interface Usable {
  kind: 'usable';
  authFile: string;
  identity: Identity;
  /** The best comes first: see {@link USES}. */
  use: Use;
}

export interface Unusable {
  kind: 'unusable';
  /**
   * `off`: by the configuration. `login`: the user must repair or renew the login. `same`: it is the account that has just
   * met its limit.
   */
  because: 'off' | 'login' | 'same';
  evidence: string;
  /** The command that makes the account usable. */
  advice?: string;
}

/**
 * What pays for the next turn, in the order in which accounts are used. `credits`: the included usage is used up, and
 * purchased credits pay. `full`: a window is at 100 %, but only the service's refusal would be a fact.
 */
export const USES = ['included', 'credits', 'full'] as const;
export type Use = (typeof USES)[number];

export interface StandingQuestion {
  /** All accounts: a limit may be that of another target with the same account or workspace. */
  targets: readonly TargetSnapshot[];
  /** The target that just met its limit. This target is not used, and no other target of the same account. */
  exclude?: string | undefined;
  /** The model whose own limit was just met. An account with a mark for the same model is not used. */
  bucket?: string | undefined;
  /** The service has just told that these accounts have nothing left until then, epoch seconds. */
  told?: ReadonlyMap<string, number> | undefined;
  nowSeconds: number;
}

/** The standing of an account: from its login, its marks, its figures, its credits and the user's settings. Pure. */
export function judgeAccount(snapshot: TargetSnapshot, question: StandingQuestion): Standing {
  const { target, vault, state } = snapshot;
  const login = (evidence: string, advice = `codex-hotswap login ${target.name}`): Standing => ({
    ...{ kind: 'unusable', because: 'login', evidence, advice },
  });
  if (!target.enabled) {
    const evidence = 'switched off in the configuration';
    const advice = `codex-hotswap enable ${target.name}`;
    return { kind: 'unusable', because: 'off', evidence, advice };
  }
  if (vault.kind === 'empty') return login('not logged in');
  if (vault.kind !== 'ready') return login(vault.reason);
  const owner = ownerOf(snapshot);
  if (owner !== undefined && holdsForeignLogin(snapshot)) {
    return login(
      `it now has the login of another account (${describeIdentity(vault.identity)} instead of ${describeIdentity(owner)})`,
      `codex-hotswap login ${target.name} --replace-account --move`,
    );
  }
  const marks = listMarks(snapshot, question);
  if (marks.length > 0) return judgeMarks(marks, login);
  if (target.name === question.exclude) return { kind: 'resting', evidence: 'just hit its limit' };
  const excluded = question.targets.find(({ target: { name } }) => name === question.exclude);
  if (excluded?.vault.kind === 'ready' && isSameIdentity(excluded.vault.identity, vault.identity)) {
    const evidence = `the same account as ${excluded.target.name}`;
    return { kind: 'unusable', because: 'same', evidence };
  }
  const { authFile, identity } = vault;
  const usage = readUsage(state.usage);
  const use = useOf(usage, target.credits, question.nowSeconds);
  const told = question.told?.get(target.name) ?? 0;
  if (use === 'full' && told > question.nowSeconds) {
    return { kind: 'resting', evidence: 'the service says that nothing is left', until: told };
  }
  if (use !== 'never') return { kind: 'usable', authFile, identity, use };
  const until = findLastReset(usage, question.nowSeconds);
  const evidence = 'its included usage is used up, and it is set to spend no credits';
  return { kind: 'resting', evidence, spends: true, ...dropUndefined({ until }) };
}

/** Included usage is used up by the figures, and the service goes on with purchased credits. */
export function isOnCredits(usage: Usage | undefined, nowSeconds: number): usage is Usage {
  const spends = usage?.credits?.hasCredits === true && usage.ordinaryAllowed !== true;
  return spends && isFullByFigures(usage, nowSeconds);
}

/** A window of the figures is used up, or the service has told a short time ago that ordinary usage is not allowed. */
export function isFullByFigures(usage: Usage, nowSeconds: number): boolean {
  const isRefused = usage.ordinaryAllowed === false && usage.capturedAt > nowSeconds - FIVE_HOURS;
  return isRefused || isFullNow(usage.windows, nowSeconds);
}

/** The shortest window. What the service told before may have ended. */
const FIVE_HOURS = 5 * 3600;

function useOf(
  usage: Usage | undefined,
  credits: TargetSnapshot['target']['credits'],
  nowSeconds: number,
): Use | 'never' {
  if (usage === undefined || !isFullByFigures(usage, nowSeconds)) return 'included';
  if (!isOnCredits(usage, nowSeconds)) return 'full';
  if (credits === 'never') return 'never';
  return credits === 'allow' ? 'included' : 'credits';
}

function findLastReset(usage: Usage | undefined, nowSeconds: number): number | undefined {
  const resets = (usage?.windows ?? [])
    .filter((window) => isFullNow([window], nowSeconds))
    .map(({ resetsAt }) => resetsAt ?? Number.POSITIVE_INFINITY);
  const last = Math.max(0, ...resets);
  return last > 0 && Number.isFinite(last) ? last : undefined;
}

function judgeMarks(marks: readonly Mark[], login: (evidence: string) => Standing): Standing {
  const evidence = marks.map(describeMark).join('; ');
  if (marks.some(({ kind }) => kind === 'needs-login')) return login(evidence);
  return { kind: 'resting', evidence, ...dropUndefined({ until: findLastEnd(marks) }) };
}

/**
 * The marks that rest an account whose login can be read. A limit belongs to an account or a workspace, not to a target. So the
 * marks of every target with the same identity count, unless a later fact about one of them disproves the mark. The marks of
 * a workspace count for each of its accounts. Pure.
 */
export function listMarks(snapshot: TargetSnapshot, question: StandingQuestion): Mark[] {
  const { vault: own, target: ownTarget } = snapshot;
  if (own.kind !== 'ready') return [];
  const { identity, issuedAt } = own;
  const { targets, nowSeconds, bucket } = question;
  const isOwn = ({ target }: TargetSnapshot) => target.name === ownTarget.name;
  const isSameAccount = (one: TargetSnapshot) =>
    isOwn(one) || (one.vault.kind === 'ready' && isSameIdentity(one.vault.identity, identity));
  const known = targets.filter(isSameAccount);
  return targets.flatMap((one) =>
    activeMarks(one.state, nowSeconds).filter((mark) => {
      if (isWorkspaceMark(mark) && mark.workspace === identity.accountId) return true;
      if (mark.kind === 'model-bucket') return isSameAccount(one) && isForModel(mark, bucket);
      if (mark.kind === 'needs-login') return isOwn(one) && mark.at >= issuedAt; // a newer login ends the mark
      if (mark.kind === 'manual') return isOwn(one);
      return isSameAccount(one) && !known.some(({ state }) => isDisproved(mark, state));
    }),
  );
}

// The other models of such an account still work, and the model of a new session is not known.
function isForModel(mark: Mark, bucket: string | undefined): boolean {
  return bucket !== undefined && (mark.limitName === undefined || mark.limitName === bucket);
}

// The account can be used when its last mark has ended. There is no such time when one of the marks has no end.
function findLastEnd(marks: readonly Mark[]): number | undefined {
  const last = Math.max(...marks.map(({ until }) => until ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(last) ? last : undefined;
}
