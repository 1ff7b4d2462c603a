import {
  type Allowance,
  ofAllowed,
  orderAllowed,
  tellAllows,
  tellAllowsOnly,
} from '../accounts/allowance.ts';
import { type ChoiceQuestion, chooseTarget } from '../accounts/choice.ts';
import { listDoubted } from '../accounts/doubt.ts';
import type { Mark } from '../accounts/marks.ts';
import type { TargetSnapshot } from '../accounts/target-snapshot.ts';
import { readUsage, tightest } from '../accounts/usage.ts';
import type { Config } from '../state/config.ts';
import type { AllowedAccounts } from './account-constraints.ts';
import type { AccountNotes } from './account-notes.ts';
import type { NextAccount, NoneLeft } from './accounts.ts';

/** The choice of the next account in a session. */
export interface Candidates {
  /** Call it after the account that runs was marked. Uses the accounts as they were read last. */
  chooseAfter(mark: Mark): NextAccount | ({ kind: 'none' } & NoneLeft);
  /** Reads the accounts again, and chooses. The account that ran may be chosen. @param told see `StandingQuestion`. */
  chooseAgain(told?: ReadonlyMap<string, number>): NextAccount;
  /**
   * The accounts to ask the service about before their marks are trusted: see {@link listDoubted}.
   * @param chosen what {@link chooseAfter} returned. @param preferred the account that the user has chosen.
   */
  listDoubted(chosen: NextAccount, preferred: string | undefined): string[];
  /**
   * An account for a session whose account spends credits. `last`: an account with included usage; `never`: any account.
   */
  chooseUnpaid(credits: 'last' | 'never'): string | undefined;
  /** Another account with more left than the user's threshold. */
  chooseRoomier(): string | undefined;
  /** Another account could go on. */
  hasOther(): boolean;
}

interface CandidatesParts {
  config: Pick<Config, 'strategy' | 'rotateBelow'>;
  allowed: AllowedAccounts;
  notes: AccountNotes;
  /** The session never leaves its account. */
  isPinned: boolean;
  /** The account that runs. */
  target(): string;
  nowSeconds(): number;
}

/** A vault may be unreadable for a moment only. If no account is left, all vaults are read again this often. */
const RETRIES = 2;

export function createCandidates(parts: CandidatesParts): Candidates {
  const { config, allowed, notes, isPinned, target, nowSeconds } = parts;
  /** The limit bucket that ran out last. An account with a mark for the same bucket is not chosen. */
  let bucket: Pick<ChoiceQuestion, 'bucket'> = {};

  function choose(targets: readonly TargetSnapshot[], rest: Partial<ChoiceQuestion>) {
    const { strategy } = config;
    return chooseTarget({ targets, strategy, ...bucket, nowSeconds: nowSeconds(), ...rest });
  }

  /**
   * The accounts that the user allows, in the order of the rule. A pinned session has one account. The other accounts' marks
   * still hold for a shared workspace.
   */
  function listAll(snapshots: readonly TargetSnapshot[]): readonly TargetSnapshot[] {
    if (isPinned) return snapshots.map((one) => switchTarget(one, one.target.name === target()));
    return orderAllowed(snapshots, allowed.allowance(), {
      nameOf: ({ target: { name } }) => name,
      switchOff: (one) => switchTarget(one, false),
    });
  }

  function listAllowed(snapshots: readonly TargetSnapshot[]): TargetSnapshot[] {
    return listAll(snapshots).map((one) =>
      allowed.isAllowed(one.target.name) ? one : switchTarget(one, false),
    );
  }

  return {
    chooseAfter({ limitName }) {
      bucket = limitName === undefined ? {} : { bucket: limitName };
      const exclude = { exclude: target() };
      let choice = choose(listAllowed(notes.latest()), exclude);
      for (let left = RETRIES; choice.kind === 'none' && left > 0; left--) {
        choice = choose(listAllowed(notes.readTargets()), exclude);
      }
      if (choice.kind === 'chosen') return { kind: 'chosen', target: choice.target.name };
      const { earliest } = choice;
      const allowance = allowed.allowance();
      const reasons = ofAllowed(choice.reasons, allowance);
      const forbiddenBy = allowed.reason();
      const isForbidden =
        forbiddenBy !== undefined && choose(listAll(notes.latest()), exclude).kind === 'chosen';
      return {
        ...{ kind: 'none', reasons, ...(earliest && { earliest }) },
        ...(isPinned && { pinned: true }),
        ...(allowance && tellAllowance(allowance)),
        ...(isForbidden && { forbiddenBy }),
      };
    },
    chooseAgain(told) {
      const choice = choose(listAllowed(notes.readTargets()), { current: target(), told });
      if (choice.kind === 'chosen') return { kind: 'chosen', target: choice.target.name };
      return { kind: 'none', ...(choice.earliest && { earliest: choice.earliest }) };
    },
    listDoubted(chosen, preferred) {
      return listDoubted({
        ...{ targets: listAllowed(notes.latest()), exclude: target(), preferred },
        ...{ nowSeconds: nowSeconds() },
        chosen: chosen.kind === 'chosen' ? chosen.target : undefined,
      });
    },
    chooseUnpaid(credits) {
      const choice = choose(listAllowed(notes.readTargets()), {
        exclude: target(),
        bucket: undefined,
      });
      if (choice.kind === 'none') return undefined;
      return credits === 'never' || choice.use === 'included' ? choice.target.name : undefined;
    },
    chooseRoomier() {
      // An account with as little left would start another handoff after its first turn.
      const roomy = listAllowed(notes.readTargets()).map((one) =>
        roomOf(one, nowSeconds()) < config.rotateBelow ? switchTarget(one, false) : one,
      );
      const choice = choose(roomy, { exclude: target(), bucket: undefined });
      return choice.kind === 'chosen' ? choice.target.name : undefined;
    },
    hasOther: () =>
      choose(listAllowed(notes.readTargets()), { exclude: target() }).kind === 'chosen',
  };
}

/** Two rules may have no account in common: then no account is at its limit because of them. */
function tellAllowance(allowance: Allowance): NoneLeft {
  if (allowance.targets.length === 0) return { forbiddenBy: tellAllowsOnly(allowance) };
  return { allowedBy: tellAllows(allowance) };
}

/** The snapshot of a target, switched on or off for this session. */
function switchTarget(snapshot: TargetSnapshot, enabled: boolean): TargetSnapshot {
  return { ...snapshot, target: { ...snapshot.target, enabled } };
}

/** Percent. An account of unknown usage counts as full. */
function roomOf({ state }: TargetSnapshot, nowSeconds: number): number {
  return tightest(readUsage(state.usage)?.windows ?? [], nowSeconds)?.left ?? 100;
}
