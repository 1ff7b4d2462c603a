import { nameAllowance } from '../accounts/allowance.ts';
import type { Refused } from '../accounts/choice.ts';
import { readCurrent, writeCurrent } from '../accounts/current.ts';
import type { Mark } from '../accounts/marks.ts';
import { noticeLogout } from '../accounts/notice-logout.ts';
import { linkSharedLogin } from '../accounts/shared-login.ts';
import { isOnCredits } from '../accounts/standing.ts';
import { listVaults, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import { type Room, tightest, usageFromLimits } from '../accounts/usage.ts';
import { inspectVault, type VaultState } from '../accounts/vault.ts';
import type { LimitProof } from '../codex/limit-proof.ts';
import type { RateLimits } from '../codex/rollout.ts';
import { adoptAuth } from '../overlay/adopt-auth.ts';
import { assertHeld } from '../overlay/lease.ts';
import { hasLoginLink, hasOwnLogin, pointAuth } from '../overlay/point-auth.ts';
import type { Slot } from '../overlay/slot.ts';
import type { Config } from '../state/config.ts';
import { createDeferredWrites, type DeferredWrites, retryNow } from '../state/deferred-writes.ts';
import type { Paths } from '../state/paths.ts';
import {
  type AccountConstraints,
  type AllowedAccounts,
  createAllowedAccounts,
  type SessionAllowance,
} from './account-constraints.ts';
import { createAccountNotes } from './account-notes.ts';
import { type Candidates, createCandidates } from './candidates.ts';
import { createLoginChecks, type LoginChecks, type Tokens } from './login-checks.ts';
import { markOf } from './mark-of-limit.ts';

/** The accounts of a session: their marks, the choice of the next account, and the login that the overlay links to. */
export interface HandoffAccounts {
  /** The target whose login the overlay links to. */
  readonly target: string;
  /** Reads Codex's configuration again, before a choice. @param directory where the thread works. */
  rereadConstraints(directory?: string): Promise<void>;
  /** Reads Codex's configuration again. @throws HotswapError `forced-login` when Codex would log out the account that runs. */
  assertAllowed(directory?: string): Promise<void>;
  /**
   * The overlay's link to the login is gone, and the vault is intact. Codex removes the link at a logout. Codex also removes
   * it at its start when a setting forces another login (fact 25).
   */
  hasLostLink(): boolean;
  /** Marks the account that runs. */
  mark(proof: LimitProof): void;
  /**
   * Marks the account that ran, and chooses the next one. Before an old mark of another account decides, the service is asked.
   */
  markAndChoose(proof: LimitProof): Promise<MarkedChoice>;
  /** The account that runs has answered a turn. @param beganAt epoch seconds. */
  noteAnswer(beganAt: number): void;
  /** Chooses again after all accounts were at their limits. The account that ran may be chosen. @param told see `StandingQuestion`. */
  chooseAgain(told?: ReadonlyMap<string, number>): NextAccount;
  /** Another account that has more, when the account that runs has little left. Undefined: the session stays. */
  findRoomier(limits: RateLimits, from: { thread: string; rollout: string }): Roomier | undefined;
  /** After that turn credits pay, and the user forbids it for the account that runs. */
  spendsAgainstWish(limits: RateLimits): boolean;
  /**
   * Refreshes the target's access token if that is due, before its child starts.
   * @returns the account to go on with. It is another account if the target's login is dead, or if Codex would log it out.
   * @throws HotswapError `forced-login` when Codex would log out every account that is left.
   */
  prepare(target: string, directory?: string): Promise<string>;
  /**
   * For a child that asks for a login. True if its account's login is gone for good and another account could go on. If
   * the vault is intact, this refreshes the access token.
   */
  isLoginGone(): Promise<boolean>;
  /** The user's rule that the last choice kept to, for the user: `rule for ~/src/acme`. */
  rule(): string | undefined;
  /**
   * Puts the target's login into the overlay, and makes it the account that new sessions start with. A session that may use
   * some accounts only changes nothing for new sessions, because those may be started elsewhere.
   */
  repoint(target: string): void;
}

/** When an account comes back by itself, epoch seconds. */
export interface AwaitedAccount {
  target: string;
  until: number;
}

export interface NoneLeft {
  /** Why each account is not used, in search order. */
  reasons?: readonly Refused[];
  /** The account that comes back first. */
  earliest?: AwaitedAccount;
  /** The session must stay with its account. */
  pinned?: boolean;
  /** What allows only the accounts that were tried: `the rule for ~/src/acme allows`. */
  allowedBy?: string;
  /** The setting that makes Codex log out an account that still has something left, in one line. */
  forbiddenBy?: string;
}

export type MarkedChoice = { mark: Mark } & (
  | { kind: 'chosen'; target: string }
  | ({ kind: 'none' } & NoneLeft)
);

export type NextAccount =
  | { kind: 'chosen'; target: string }
  | { kind: 'none'; earliest?: AwaitedAccount };

/** An account with more left, and how much is left of the account that runs. */
export interface Roomier {
  target: string;
  room: Room;
  /** The account that runs spends purchased credits. */
  onCredits?: true;
}

export interface HandoffAccountsOptions {
  paths: Paths;
  config: Config;
  slot: Slot;
  /** The account that the first child runs under. */
  target: string;
  /** Never leave that account. */
  pinned?: boolean;
  /** The shared home keeps its own login: it is a vault, or the user keeps its login apart. */
  keepsHome?: boolean;
  /** The accounts that the user's rules allow. */
  allowance?: SessionAllowance;
  /** The constraints when the session began. */
  constraints?: AccountConstraints;
  /** Reads Codex's configuration. @throws HotswapError when Codex would work with none of the accounts. */
  readConstraints?(directory: string | undefined): Promise<AccountConstraints>;
  tokens?: Tokens;
  /** Asks the service about accounts, and records its answers. Never throws. It takes a few seconds at most. */
  askAccounts?(names: readonly string[]): Promise<void>;
  /** Where marks, usage and the current account are written. */
  records?: DeferredWrites;
  /** Epoch milliseconds. */
  now(): number;
}

export function openHandoffAccounts(options: HandoffAccountsOptions): HandoffAccounts {
  const { paths, config, slot, records = createDeferredWrites() } = options;
  const notes = createAccountNotes(paths, config, records);
  const allowed = createAllowedAccounts(
    config,
    options.constraints,
    options.readConstraints,
    options.allowance,
  );
  const logins = createLoginChecks(options.tokens);
  let { target } = options;
  const candidates = createCandidates({
    ...{ config, allowed, notes, isPinned: options.pinned === true },
    target: () => target,
    nowSeconds: () => Math.floor(options.now() / 1000),
  });

  function mark(proof: LimitProof): Mark {
    const nowSeconds = options.now() / 1000;
    const workspace = workspaceOf(notes.readTargets(), target);
    const made = markOf(proof, { nowSeconds, workspace, config });
    notes.mark(target, made);
    return made;
  }

  return {
    get target() {
      return target;
    },
    rereadConstraints: allowed.reread,
    async assertAllowed(directory) {
      await allowed.reread(directory);
      allowed.assertAllowed(target);
    },
    hasLostLink: () =>
      !hasLoginLink(slot) && !hasOwnLogin(slot) && vaultOf(config, target)?.kind === 'ready',
    noteAnswer(beganAt) {
      notes.recordAnswer(target, beganAt);
    },
    mark: (proof) => void mark(proof),
    async markAndChoose(proof) {
      const made = mark(proof);
      // Plain codex may have logged an account out. The service is asked about that account before it is used.
      records.attempt('a logout by the real Codex', () => {
        const { suspects } = noticeLogout(paths, notes.latest(), new Date(options.now()));
        logins.suspect(suspects);
      });
      const choice = candidates.chooseAfter(made);
      const doubted = candidates.listDoubted(choice, readCurrent(paths).current);
      if (doubted.length === 0 || options.askAccounts === undefined) {
        return { mark: made, ...choice };
      }
      await options.askAccounts(doubted);
      notes.readTargets();
      return { mark: made, ...candidates.chooseAfter(made) };
    },
    chooseAgain: candidates.chooseAgain,
    findRoomier(limits, from) {
      const nowSeconds = Math.floor(options.now() / 1000);
      const room = tightest(limits.windows, nowSeconds);
      if (options.pinned || room === undefined) return undefined;
      const usage = usageFromLimits(limits, { ...from, capturedAt: nowSeconds });
      const credits = config.targets.find(({ name }) => name === target)?.credits ?? 'last';
      const onCredits = credits !== 'allow' && isOnCredits(usage, nowSeconds);
      if (!onCredits && room.left >= config.rotateBelow) return undefined;
      notes.recordUsage(target, usage);
      const next = onCredits ? candidates.chooseUnpaid(credits) : candidates.chooseRoomier();
      return next === undefined
        ? undefined
        : { target: next, room, ...(onCredits && { onCredits }) };
    },
    spendsAgainstWish(limits) {
      const { credits } = config.targets.find(({ name }) => name === target) ?? {};
      const at = options.now() / 1000;
      const usage = usageFromLimits(limits, { capturedAt: at, rollout: '', thread: '' });
      return credits === 'never' && isOnCredits(usage, at);
    },
    async prepare(chosen, directory) {
      await allowed.reread(directory);
      return findReady(chosen, { config, allowed, candidates, logins });
    },
    async isLoginGone() {
      // Without another account the sign-in screen is the user's way to log in again.
      if (!candidates.hasOther()) return false;
      if (vaultOf(config, target)?.kind !== 'ready') return true;
      // A missing link proves no logout: Codex also removes the link when a setting forces another login.
      return logins.isDead(target, { isSuspect: true });
    },
    rule() {
      const allowance = allowed.allowance();
      return allowance && nameAllowance(allowance);
    },
    repoint(next) {
      const authFile = retryNow(() => {
        assertHeld(slot);
        const vault = vaultOf(config, next);
        if (vault?.kind !== 'ready') throw new Error(`the login of ${next} is gone`);
        // A tool, or a `codex login` in a shell of the session, has replaced the link.
        if (hasOwnLogin(slot)) {
          const vaults = listVaults(notes.readTargets());
          adoptAuth(slot, { vaults, orphansDir: paths.orphansDir, now: new Date(options.now()) });
        }
        pointAuth(slot, vault.authFile);
        return vault.authFile;
      });
      target = next;
      if (allowed.allowance() !== undefined) return;
      records.attempt('the current account', () => writeCurrent(paths, next));
      if (options.keepsHome) return;
      records.attempt('the login of the Codex home', () => {
        linkSharedLogin(paths, authFile, listVaults(notes.latest()));
      });
    },
  };
}

/** The chosen target, or the next one whose login works and that Codex would not log out. */
async function findReady(
  chosen: string,
  {
    config,
    allowed,
    candidates,
    logins,
  }: {
    config: Config;
    allowed: AllowedAccounts;
    candidates: Candidates;
    logins: LoginChecks;
  },
): Promise<string> {
  let next = chosen;
  if (!allowed.isAllowed(next)) {
    const choice = candidates.chooseAgain();
    if (choice.kind === 'none') {
      allowed.assertAllowed(next);
      allowed.assertInRule(next);
    } else next = choice.target;
  }
  for (let left = config.targets.length; left > 0; left--) {
    if (!(await logins.isDead(next))) return next;
    const choice = candidates.chooseAgain();
    // Codex itself reports the broken login, and the session acts on that report.
    if (choice.kind === 'none') return next;
    next = choice.target;
  }
  return next;
}

function vaultOf({ targets }: Config, name: string): VaultState | undefined {
  const target = targets.find((candidate) => candidate.name === name);
  return target && inspectVault(target);
}

function workspaceOf(snapshots: readonly TargetSnapshot[], name: string): string | undefined {
  const vault = snapshots.find(({ target }) => target.name === name)?.vault;
  return vault?.kind === 'ready' ? vault.identity.accountId : undefined;
}
