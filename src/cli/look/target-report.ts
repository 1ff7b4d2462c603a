import { describeIdentity } from '../../accounts/login.ts';
import { activeMarks, describeMark, type Mark } from '../../accounts/marks.ts';
import { holdsForeignLogin, ownerOf } from '../../accounts/owner.ts';
import { isFullByFigures, isOnCredits, listMarks } from '../../accounts/standing.ts';
import type { TargetSnapshot } from '../../accounts/target-snapshot.ts';
import { percentLeft, readUsage, type Usage } from '../../accounts/usage.ts';
import { describeTime } from '../../local-time.ts';
import { describeWait } from '../time-text.ts';
import { describeAge, sortByLength } from './usage-text.ts';

/** One target as `status` shows it; the shape of `status --json`, so keys are only ever added. */
export interface TargetReport {
  name: string;
  current: boolean;
  enabled: boolean;
  vault: string;
  /** `ready`: a session could start with it now. */
  state: 'ready' | 'marked' | 'off' | 'not-logged-in' | 'wrong-account' | 'broken' | 'unsafe';
  email: string | null;
  plan: string | null;
  /** Explains `state`, and says what to do about it; null when there is nothing to say. */
  reason: string | null;
  marks: { kind: string; until: string | null; text: string }[];
  /** Null as long as no figures are known. */
  usage: UsageReport | null;
}

export interface UsageReport {
  /** `live`: Codex answered a question. `session`: the rollout of a session under this account contains the figures. */
  source: 'live' | 'session';
  /** ISO 8601, UTC. */
  capturedAt: string;
  windows: {
    /** 300 = 5 h, 10080 = weekly. */
    minutes: number | null;
    leftPercent: number;
    resetsAt: string | null;
  }[];
  /** Null when the service tells none. `balance`: as the service writes it. */
  credits: { unlimited: boolean; balance: string | null } | null;
  /** Resets of a limit that the user may redeem in Codex (`/usage`). */
  resetsBanked: number | null;
}

/** The state of a target, as data and in words. @param targets all: a limit may be that of an account or a workspace. Pure. */
export function reportTarget(
  snapshot: TargetSnapshot,
  current: string | undefined,
  now: Date,
  targets: readonly TargetSnapshot[] = [snapshot],
): TargetReport {
  const { target, state } = snapshot;
  const marks = marksOf(snapshot, targets, now);
  const identity = ownerOf(snapshot);
  return {
    name: target.name,
    current: target.name === current,
    enabled: target.enabled,
    vault: target.vault,
    ...describeState(snapshot, marks, now),
    email: identity?.email ?? null,
    plan: identity?.plan ?? null,
    marks: marks.map((mark) => ({
      kind: mark.kind,
      until: mark.until === null ? null : isoOf(mark.until),
      text: describeMarkUntil(mark, target.name, now),
    })),
    usage: reportUsage(readUsage(state.usage), now),
  };
}

/** Also the marks of other targets that rest it, and those of single models, which do not. */
function marksOf(snapshot: TargetSnapshot, targets: readonly TargetSnapshot[], now: Date): Mark[] {
  const own = activeMarks(snapshot.state, nowSeconds(now));
  if (snapshot.vault.kind !== 'ready') return own;
  const against = listMarks(snapshot, { targets, nowSeconds: nowSeconds(now) });
  return [...against, ...own.filter(({ kind }) => kind === 'model-bucket')];
}

function reportUsage(usage: Usage | undefined, now: Date): UsageReport | null {
  if (usage === undefined) return null;
  return {
    source: usage.source,
    capturedAt: isoOf(usage.capturedAt),
    windows: sortByLength(usage.windows).map((window) => ({
      minutes: window.minutes ?? null,
      leftPercent: percentLeft(window, now.getTime() / 1000),
      resetsAt: window.resetsAt === undefined ? null : isoOf(window.resetsAt),
    })),
    credits: usage.credits?.hasCredits
      ? { unlimited: usage.credits.unlimited, balance: usage.credits.balance ?? null }
      : null,
    resetsBanked: usage.resets ?? null,
  };
}

function isoOf(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString();
}

function describeState(
  snapshot: TargetSnapshot,
  marks: Mark[],
  now: Date,
): Pick<TargetReport, 'state' | 'reason'> {
  const { target, vault } = snapshot;
  if (!target.enabled) return { state: 'off', reason: 'switched off in the configuration' };
  if (vault.kind === 'empty') {
    return {
      state: 'not-logged-in',
      reason: `not logged in; run: codex-hotswap login ${target.name}`,
    };
  }
  if (vault.kind !== 'ready') {
    return { state: vault.kind, reason: `${vault.reason}; ${vault.advice}` };
  }
  if (holdsForeignLogin(snapshot)) {
    const reason = `it now has the login of ${describeIdentity(vault.identity)}; to keep that: codex-hotswap login ${target.name} --replace-account --move`;
    return { state: 'wrong-account', reason };
  }
  const reasons = [
    ...marks.map((mark) => describeMarkUntil(mark, target.name, now)),
    ...describeUsage(snapshot, marks.length > 0, now),
  ];
  const isKept = target.credits === 'never' && isOnCredits(usageOf(snapshot), nowSeconds(now));
  return {
    state: marks.length > 0 || isKept ? 'marked' : 'ready',
    reason: reasons.length === 0 ? null : reasons.join('; '),
  };
}

/** What the figures add to the state: credits that pay, a window without a mark that is full, banked resets. */
function describeUsage(snapshot: TargetSnapshot, isMarked: boolean, now: Date): string[] {
  const usage = usageOf(snapshot);
  const banked = usage?.resets ? [describeResets(usage.resets)] : [];
  if (isOnCredits(usage, nowSeconds(now))) {
    const { unlimited, balance } = usage.credits ?? {};
    const amount = unlimited ? ' (unlimited)' : balance === undefined ? '' : ` (${balance})`;
    const isNever = snapshot.target.credits === 'never';
    const paid = isNever ? `its credits${amount} are not to be spent` : `on credits${amount}`;
    return [`included usage used up, ${paid}`, ...banked];
  }
  const full = isMarked ? null : describeFullWindow(snapshot, now);
  return [...(full === null ? [] : [full]), ...banked];
}

function describeResets(count: number): string {
  return count === 1 ? '1 reset banked' : `${count} resets banked`;
}

function usageOf({ state }: TargetSnapshot): Usage | undefined {
  return readUsage(state.usage);
}

function nowSeconds(now: Date): number {
  return now.getTime() / 1000;
}

/** An account may be used while its figures say that nothing is left: only a refusal of the service is a fact. */
function describeFullWindow({ target, state }: TargetSnapshot, now: Date): string | null {
  const usage = readUsage(state.usage);
  if (usage === undefined || !isFullByFigures(usage, now.getTime() / 1000)) return null;
  const age = describeAge(usage.source, isoOf(usage.capturedAt), now);
  const isFresh = usage.source === 'live' && usage.capturedAt > nowSeconds(now) - FRESH_SECONDS;
  const advice = isFresh ? '' : `; fresh ones: codex-hotswap refresh ${target.name}`;
  return `used last, because nothing is left by its figures (${age})${advice}`;
}

/** Figures of the service that are not older need no new question. */
const FRESH_SECONDS = 600;

function describeMarkUntil(mark: Mark, target: string, now: Date): string {
  const text = describeMark(mark);
  if (mark.until !== null) {
    return `${text} until ${describeTime(mark.until, now)} (${describeWait(mark.until, now)})`;
  }
  return mark.kind === 'needs-login'
    ? `${text}; run: codex-hotswap login ${target}`
    : `${text}; when it works again: codex-hotswap reset ${target}`;
}
