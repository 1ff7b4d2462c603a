import { type Choice, chooseTarget } from '../accounts/choice.ts';
import { writeCurrent } from '../accounts/current.ts';
import type { Mark } from '../accounts/marks.ts';
import { noticeLogout } from '../accounts/notice-logout.ts';
import { linkSharedLogin } from '../accounts/shared-login.ts';
import { listVaults, type TargetSnapshot } from '../accounts/target-snapshot.ts';
import { type Room, readUsage, tightest, usageFromLimits } from '../accounts/usage.ts';
import type { LimitProof } from '../codex/limit-proof.ts';
import type { RateLimits } from '../codex/rollout.ts';
import { HotswapError } from '../errors.ts';
import { assertHeld } from '../overlay/lease.ts';
import { pointAuth, showsLogin } from '../overlay/point-auth.ts';
import type { Slot } from '../overlay/slot.ts';
import type { Config } from '../state/config.ts';
import { createDeferredWrites, type DeferredWrites, retryNow } from '../state/deferred-writes.ts';
import type { Paths } from '../state/paths.ts';
import { createAccountNotes } from './account-notes.ts';

/** The account side of a handoff: what limits mean for accounts, and whose credentials the slot shows. */
export interface HandoffAccounts {
  /** The target the child runs under. */
  readonly target: string;
  /**
   * Reads Codex's configuration again: a `git pull` may have brought a file that makes Codex log accounts out. Those are
   * not chosen any more. Before each choice.
   * @param directory where the thread works, which is where its next child is started.
   */
  review(directory?: string): Promise<void>;
  /**
   * The same before a child of the account that runs.
   * @throws HotswapError `forced-login` when Codex would log that account out.
   */
  assertFits(directory?: string): Promise<void>;
  /**
   * The slot's link to the login is gone, and the vault is intact. Codex does that at a logout. It does it at its start,
   * too, where a setting forces another login, and then it asks the service nothing.
   */
  hasLostLink(): boolean;
  /** Marks the account that ran and picks its successor. */
  settle(proof: LimitProof): Verdict;
  /** Who may be used now, the account that ran included: for when everybody was at a limit. */
  reconsider(): Reconsidered;
  /** For an account with little left, but not at its limit: another with more, if it is to move on early. */
  findRoomier(limits: RateLimits, from: { thread: string; rollout: string }): Roomier | undefined;
  /**
   * Makes the successor's access token young, before its child starts.
   * @returns the account to go on with: another if that login turned out to be dead, or if Codex would log it out.
   * @throws HotswapError `forced-login` when Codex would log out every account that is left.
   */
  prepare(target: string, directory?: string): Promise<string>;
  /**
   * For a child that asks for a login: whether that of its account is gone for good, and another account could go on.
   * Costs a refresh of its access token when everything else looks well.
   */
  isLoginGone(): Promise<boolean>;
  /** Shows the successor's credentials in the slot, and makes it the account new sessions start with. */
  repoint(target: string): void;
}

export type Verdict =
  | { kind: 'chosen'; target: string; mark: Mark }
  | {
      kind: 'none';
      mark: Mark;
      earliest?: { target: string; until: number };
      /** The session was to stay with its account. */
      pinned?: boolean;
      /** Why an account that has something left is passed over: Codex would log it out. */
      barred?: string;
    };

/** An account with more left, and what is left of the one that runs. */
export interface Roomier {
  target: string;
  room: Room;
}

export type Reconsidered =
  | { kind: 'chosen'; target: string }
  | { kind: 'none'; earliest?: { target: string; until: number } };

export interface Office {
  paths: Paths;
  config: Config;
  slot: Slot;
  target: string;
  /** Never leave the account. */
  pinned?: boolean;
  /** The home is not ours to link to a login: somebody keeps it apart, or it is a vault. */
  keepsHome?: boolean;
  /** What Codex's configuration meant for the accounts when the session began. */
  terms?: AccountConstraints;
  /** Reads it again. @throws HotswapError when Codex would work with none of the accounts. */
  readLoginConstraints?(directory: string | undefined): Promise<AccountConstraints>;
  /** Who keeps access tokens young. */
  tokens?: Record<'prepare' | 'doubt', (target: string) => Promise<'ready' | 'needs-login'>>;
  /** Where marks, usage and the current account go. */
  records?: DeferredWrites;
  now(): number;
}

/** What Codex's configuration means for the accounts. */
export interface AccountConstraints {
  /** The targets that Codex would log out. */
  misfits: ReadonlySet<string>;
  /** Which setting says so, for the user. */
  line?: string;
}

/** @param office `now` in epoch milliseconds; `target` whom the first child runs under. */
export function openHandoffAccounts(office: Office): HandoffAccounts {
  const { paths, config, slot, records = createDeferredWrites() } = office;
  const notes = createAccountNotes(paths, config, records);
  let target = office.target;
  let misfits: ReadonlySet<string> = new Set();
  let barred: HotswapError | undefined;
  note(office.terms);
  let bucket: { bucket?: string } = {};
  const doubted = new Set<string>();

  /** A pinned session has one account only; the marks of the others still say what binds its workspace. */
  function asked(): TargetSnapshot[] {
    const standings = notes.standings();
    if (!office.pinned) return standings;
    return standings.map((standing) =>
      standing.target.name === target
        ? { ...standing, target: { ...standing.target, enabled: true } }
        : switchedOff(standing),
    );
  }

  function eligible(): TargetSnapshot[] {
    return asked().map((standing) =>
      misfits.has(standing.target.name) ? switchedOff(standing) : standing,
    );
  }

  function standingOf(name: string): TargetSnapshot | undefined {
    return notes.standings().find((standing) => standing.target.name === name);
  }

  function note(terms: AccountConstraints | undefined): void {
    if (terms === undefined) return;
    ({ misfits } = terms);
    const { line } = terms;
    barred = line === undefined ? undefined : new HotswapError('forced-login', line, '');
  }

  async function review(directory?: string): Promise<void> {
    try {
      note(await office.readLoginConstraints?.(directory));
    } catch (error) {
      if (!(error instanceof HotswapError)) return; // Codex says itself what is wrong
      misfits = new Set(config.targets.map(({ name }) => name));
      barred = error;
    }
  }

  function refusal(name: string): HotswapError {
    const { message = `Codex would log ${name} out`, advice = '' } = barred ?? {};
    return new HotswapError('forced-login', message, advice);
  }

  return {
    get target() {
      return target;
    },
    review,
    async assertFits(directory) {
      await review(directory);
      if (misfits.has(target)) throw refusal(target);
    },
    hasLostLink: () => !showsLogin(slot) && standingOf(target)?.vault.kind === 'ready',
    settle(proof) {
      const nowSeconds = Math.floor(office.now() / 1000);
      const before = standingOf(target);
      const workspace =
        before?.vault.kind === 'ready' ? before.vault.identity.accountId : undefined;
      const mark = markOf(proof, { nowSeconds, workspace, config });
      bucket = mark.limitName === undefined ? {} : { bucket: mark.limitName };
      notes.mark(target, mark);
      // An account that plain codex may have logged out meanwhile is asked before it is tried.
      records.attempt('what plain codex did to the logins', () => {
        const { doubted: found } = noticeLogout(paths, notes.standings(), new Date(office.now()));
        for (const name of found) doubted.add(name);
      });
      const choose = (candidates: readonly TargetSnapshot[]) =>
        chooseTarget({
          standings: candidates,
          exclude: target,
          strategy: config.strategy,
          ...bucket,
          nowSeconds,
        });
      let choice = choose(eligible());
      // A vault that cannot be read may be so for a moment only.
      for (let left = LOOKS_AGAIN; choice.kind === 'none' && left > 0; left--) {
        choice = choose(eligible());
      }
      if (choice.kind === 'chosen') return { kind: 'chosen', target: choice.target.name, mark };
      const isBarred = barred !== undefined && choose(asked()).kind === 'chosen';
      return {
        ...withoutReasons(choice),
        mark,
        ...(office.pinned ? { pinned: true } : {}),
        ...(isBarred ? { barred: barred?.message ?? '' } : {}),
      };
    },
    reconsider() {
      const nowSeconds = Math.floor(office.now() / 1000);
      const choice = chooseTarget({
        standings: eligible(),
        current: target,
        strategy: config.strategy,
        ...bucket,
        nowSeconds,
      });
      return choice.kind === 'chosen'
        ? { kind: 'chosen', target: choice.target.name }
        : withoutReasons(choice);
    },
    findRoomier(limits, from) {
      const nowSeconds = Math.floor(office.now() / 1000);
      const room = tightest(limits.windows, nowSeconds);
      if (office.pinned || room === undefined || room.left >= config.rotateBelow) return undefined;
      notes.recordUsage(target, usageFromLimits(limits, { ...from, capturedAt: nowSeconds }));
      const standings = eligible();
      // Whoever has as little would be left again at once, and back it would go.
      const enough = standings.map((standing) =>
        roomOf(standing, nowSeconds) < config.rotateBelow ? switchedOff(standing) : standing,
      );
      const choice = chooseTarget({
        standings: enough,
        exclude: target,
        strategy: config.strategy,
        nowSeconds,
      });
      return choice.kind === 'chosen' ? { target: choice.target.name, room } : undefined;
    },
    async prepare(next, directory) {
      await review(directory);
      let candidate = next;
      if (misfits.has(candidate)) {
        const choice = this.reconsider();
        if (choice.kind === 'none') throw refusal(candidate);
        candidate = choice.target;
      }
      for (let left = config.targets.length; left > 0; left--) {
        const found =
          await office.tokens?.[doubted.delete(candidate) ? 'doubt' : 'prepare'](candidate);
        if (found !== 'needs-login') return candidate;
        const choice = this.reconsider();
        if (choice.kind === 'none') return candidate; // Codex says itself what is wrong, and the session settles
        candidate = choice.target;
      }
      return candidate;
    },
    async isLoginGone() {
      const standings = eligible();
      const nowSeconds = Math.floor(office.now() / 1000);
      const { strategy } = config;
      const choice = chooseTarget({ standings, exclude: target, strategy, ...bucket, nowSeconds });
      if (choice.kind === 'none') return false; // the screen is the user's way to log in again
      const standing = standings.find((candidate) => candidate.target.name === target);
      if (standing?.vault.kind !== 'ready') return true;
      // A link that is gone proves no more: Codex takes it away where a setting forces another login.
      return (await office.tokens?.doubt(target)) === 'needs-login';
    },
    repoint(next) {
      const { standings, authFile } = retryNow(() => {
        assertHeld(slot);
        const standings = notes.standings();
        const standing = standings.find((candidate) => candidate.target.name === next);
        if (standing?.vault.kind !== 'ready') throw new Error(`the vault of ${next} is gone`);
        const { authFile } = standing.vault;
        pointAuth(slot, authFile);
        return { standings, authFile };
      });
      target = next;
      records.attempt('the current account', () => writeCurrent(paths, next));
      if (office.keepsHome) return;
      records.attempt('the login of the shared home', () => {
        linkSharedLogin(paths, authFile, listVaults(standings));
      });
    },
  };
}

const LOOKS_AGAIN = 2;

function switchedOff(standing: TargetSnapshot): TargetSnapshot {
  return { ...standing, target: { ...standing.target, enabled: false } };
}

/** Percent; an account nobody has asked about is taken for full. */
function roomOf({ state }: TargetSnapshot, nowSeconds: number): number {
  return tightest(readUsage(state.usage)?.windows ?? [], nowSeconds)?.left ?? 100;
}

type None = Extract<Choice, { kind: 'none' }>;

function withoutReasons({ earliest }: None): Extract<Reconsidered, { kind: 'none' }> {
  return { kind: 'none', ...(earliest === undefined ? {} : { earliest }) };
}

/** What a proven limit is remembered as: until the record's reset time, else for the configured rest. */
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
  // A time that has passed cannot be the end of a limit that was met just now, unless the clocks differ a little.
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
