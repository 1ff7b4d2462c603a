import type { Mark } from '../../accounts/marks.ts';
import { proveForeignReasoning } from '../../codex/foreign-reasoning.ts';
import type { LimitProof } from '../../codex/limit-proof.ts';
import { copyPortable } from '../../codex/portable-copy.ts';
import type { RateLimits } from '../../codex/rollout.ts';
import { mayHaveBegunSince } from '../../codex/rollout-dates.ts';
import { type OpenThread, threadIdOf } from '../../codex/thread-files.ts';
import { describeError, HotswapError, NotStartedError } from '../../errors.ts';
import type { HandoffAccounts } from '../../handoff/accounts.ts';
import {
  tellBack,
  tellCopied,
  tellExhausted,
  tellGaveUp,
  tellHandoff,
  tellResumeByHand,
  tellRunAgain,
  tellWaiting,
} from '../../handoff/messages.ts';
import type { Ending } from '../../handoff/vocabulary.ts';
import { type Awaited, awaitReset, type Patience } from '../../handoff/wait-for-reset.ts';
import { retryAsync } from '../../state/deferred-writes.ts';
import type { Logged } from '../../state/events.ts';
import { catchUncaught } from '../../state/last-net.ts';
import { relaySignals } from '../signals.ts';
import type { FollowedThread } from '../tui/followed-rollout.ts';
import type { ChildPlan } from '../tui/supervised-child.ts';
import { type ExecChild, type ExecListeners, startExecChild } from './exec-child.ts';
import { hasLostPrompt, proveByAccount, proveExecLimit, readExecRecord } from './exec-evidence.ts';
import { ignoringHangup } from './ignore-hangup.ts';
import type { ChildInput, KeptInput } from './kept-input.ts';

export interface ExecParts {
  firstPlan: ChildPlan;
  /** How to go on with exactly this thread; undefined when this command can only be run again. */
  resumePlan(thread: FollowedThread): Promise<ChildPlan | undefined>;
  /** The user's own command line once more. */
  againPlan(): Promise<ChildPlan>;
  input: KeptInput;
  /**
   * A review, or a run that keeps no record: only ever done as a whole. Of a review up to 0.144 the record says nothing
   * about a limit, for its sub-agent met it.
   */
  asAWhole: boolean;
  /** The id of the thread that the command line names; `new` when it begins one; undefined when that is not known. */
  threadAskedFor: string | undefined;
  /** Asks the service about the account that just failed; only where no record tells. */
  askLimits(): Promise<RateLimits | undefined>;
  /** For a child whose thread was not seen while it lived: its thread, `none`, or `unknown` when there are several. */
  searchThread(startedAtMs: number): Promise<OpenThread | 'none' | 'unknown'>;
  noteChild(pid: number): void;
  /** `copyOf`: the thread that this one goes on with, where another account may not read that. */
  noteThread(thread: { id: string; rollout: string; copyOf?: string }): void;
  desk: HandoffAccounts;
  /** SIGHUP is not for Codex, which is started with it ignored. */
  ignoresHangup?: boolean;
  /** How many accounts there are: the bound on rotations. */
  accounts: number;
  log(event: Logged): void;
  /** When every account is at its limit, the first to come back is waited for. */
  wait?: Patience;
  /** One line for the user's stderr. */
  say(line: string): void;
  /** The same for a handoff, and for the end of all accounts, with what draws attention to it. */
  announce(line: string): void;
  /** Keeps a bug of ours, and says where in one line. */
  report?(error: unknown): string;
}

/** One child of an exec. */
interface Run {
  plan: ChildPlan;
  stdin: ChildInput;
  /** The thread it resumes, where we chose it. */
  thread: FollowedThread | undefined;
}

/** What a failed child turned out to have failed of. */
type Finding =
  | { kind: 'limit'; proof: LimitProof; thread: FollowedThread | undefined }
  /** The service refuses what another account's model thought. */
  | { kind: 'foreign'; thread: FollowedThread };

/** Codex's exit status for a failed turn (facts 2.4); 2 is wrong usage. */
const FAILED = 1;
/** A run that meets its limit again and again, each time after it had waited. */
const MAX_WAITS = 24;

/**
 * Runs a `codex exec` to its end: when a turn fails of the account's limit, the work goes on under the next account, in
 * the same thread if it has one. Everything Codex prints is its own; ours is one line on stderr for each handoff.
 * @returns how the last child ended.
 * @throws NotStartedError when the first child could not be started.
 */
export async function runExec(parts: ExecParts): Promise<Ending> {
  const { desk, log, say, announce, input } = parts;
  const answeredFor = new Set<string>();
  /** Copy → original. */
  const copies = new Map<string, string>();
  /** A copy was made for the account that works now. */
  let hasCopied = false;
  let child: ExecChild | undefined;
  let interrupted: Ending | undefined;
  /** When the child before this one ended. */
  let failedAt: number | undefined;
  /** Limits met since the beginning, or since everybody was waited for. */
  let met = 0;
  let waits = 0;
  let endWaiting: (() => void) | undefined;
  /** An error of ours: the child that runs is the last, and nothing of it is looked at. */
  let bug: string | undefined;
  const failed = (error: unknown) => {
    bug ??= describeError(error, parts.report).text;
  };
  const takeNetAway = catchUncaught(failed);
  // The tty sends Ctrl-C to the whole group, us included: the child decides, we only wait, and start no other.
  const stopRelaying = relaySignals(
    (signal, number) => {
      interrupted = { kind: 'signalled', signal, number };
      child?.signal(signal);
      endWaiting?.();
    },
    parts.ignoresHangup ? 'SIGHUP' : undefined,
  );

  async function runChild({ plan, stdin, thread }: Run, startedAtMs: number): Promise<Ending> {
    const listeners: ExecListeners = {
      failed,
      started: parts.noteChild,
      bound: ({ threadId, rollout }) => {
        log({ type: 'bound', thread: threadId, target: desk.target });
        if (failedAt !== undefined) {
          const milliseconds = Math.max(0, Date.now() - failedAt);
          log({ type: 'resumed', thread: threadId, target: desk.target, milliseconds });
        }
        const copyOf = copies.get(threadId);
        parts.noteThread({ id: threadId, rollout, ...(copyOf === undefined ? {} : { copyOf }) });
      },
    };
    const expected = thread?.id ?? parts.threadAskedFor;
    child = startExecChild(
      parts.ignoresHangup ? ignoringHangup(plan) : plan,
      stdin,
      listeners,
      (rollout) => canBeOf(rollout, expected, startedAtMs),
    );
    return child.ended;
  }

  /** Why the child failed, as the record of its thread tells, else the service. */
  async function find(
    { thread: known }: Run,
    startedAtMs: number,
  ): Promise<Finding | 'unknown' | undefined> {
    const named = known && { threadId: known.id, rollout: known.rollout };
    const seen = child?.thread() ?? named ?? (await parts.searchThread(startedAtMs));
    if (seen === 'unknown') return 'unknown';
    if (seen !== 'none') {
      // Before the thread was found next to nothing was written there.
      const from = child?.thread()?.length;
      const fresh = from === undefined ? undefined : { from, startedAtMs };
      const { thread, facts } = await retryAsync(() => readExecRecord(seen, fresh));
      const proof = proveExecLimit(facts, startedAtMs, answeredFor);
      if (proof !== undefined) {
        const isLost = known === undefined && hasLostPrompt(facts, startedAtMs, proof);
        return { kind: 'limit', proof, thread: isLost ? undefined : thread };
      }
      const refused = proveForeignReasoning({ facts, startedAtMs, seenTurnIds: new Set() });
      if (refused !== undefined) return { kind: 'foreign', thread };
      if (!parts.asAWhole) return undefined;
    }
    const limits = await parts.askLimits();
    const proof = limits && proveByAccount(limits, Date.now());
    return proof && { kind: 'limit', proof, thread: undefined };
  }

  type Following = Run | undefined;

  /** Once for an account: a copy that is refused, too, is refused for something else. A review never goes on in one. */
  async function goOnInCopy(thread: FollowedThread): Promise<Following> {
    if (hasCopied || parts.asAWhole || interrupted !== undefined) return undefined;
    hasCopied = true;
    await desk.assertFits(thread.cwd);
    const copy = await copyPortable(thread.rollout);
    copies.set(copy.id, thread.id);
    const copied = { ...thread, ...copy };
    const plan = await parts.resumePlan(copied);
    if (plan === undefined) return undefined;
    log({ type: 'copied', target: desk.target, from: thread.id, to: copy.id });
    say(tellCopied(desk.target, copy.id));
    return { plan, stdin: input.afterwards(), thread: copied };
  }

  async function handOff({
    proof,
    thread,
  }: Extract<Finding, { kind: 'limit' }>): Promise<Following> {
    const from = desk.target;
    await desk.review(thread?.cwd);
    const verdict = desk.settle(proof);
    const { mark } = verdict;
    const named = thread === undefined ? {} : { thread: thread.id };
    log({ type: 'confirmed', target: from, kind: mark.kind, until: mark.until, ...named });
    if (mark.kind === 'needs-login') log({ type: 'needs-login', target: from });
    // The refusal is a fact and marks the account, even where the user wants no successor.
    if (interrupted !== undefined) return undefined;
    met += 1;
    if (verdict.kind === 'none' || met > parts.accounts) {
      const earliest = verdict.kind === 'none' ? verdict.earliest : undefined;
      const pinned = verdict.kind === 'none' && verdict.pinned === true;
      const barred = verdict.kind === 'none' ? verdict.barred : undefined;
      const facts = {
        ...{ target: from, mark, pinned },
        ...(earliest === undefined ? {} : { earliest }),
        ...(barred === undefined ? {} : { barred }),
      };
      log({ type: 'exhausted', target: from, ...(earliest === undefined ? {} : { earliest }) });
      const { wait } = parts;
      if (wait === undefined || earliest === undefined || waits >= MAX_WAITS) {
        announce(tellExhausted(facts, new Date()));
        return undefined;
      }
      const until = Math.ceil(earliest.until + wait.slackSeconds);
      log({ type: 'waiting', target: earliest.target, until });
      announce(tellWaiting(from, mark, { target: earliest.target, until }, new Date()));
      const back = await waitFor(earliest, wait);
      return back === undefined ? undefined : goOn(back, thread, { mark, line: tellBack });
    }
    const to = verdict.target;
    return goOn(to, thread, { mark, line: (next) => tellHandoff(from, next, mark, new Date()) });
  }

  /** Undefined when it was interrupted, or nothing came of it. */
  async function waitFor(earliest: Awaited, wait: Patience): Promise<string | undefined> {
    const { target } = earliest;
    const back = await new Promise<string | undefined>((resolve) => {
      const waiting = awaitReset({
        ...wait,
        earliest,
        reconsider: desk.reconsider,
        now: Date.now,
        after: (ms, act) => void setTimeout(act, ms),
        show: () => undefined,
        back: resolve,
        gaveUp(reason) {
          log({ type: 'waited', target, outcome: 'gave-up', reason });
          say(tellGaveUp(reason));
          resolve(undefined);
        },
      });
      endWaiting = () => {
        waiting.stop();
        log({ type: 'waited', target, outcome: 'ended' });
        resolve(undefined);
      };
    });
    endWaiting = undefined;
    if (back === undefined) return undefined;
    log({ type: 'waited', target: back, outcome: 'back' });
    failedAt = Date.now();
    met = 0;
    waits += 1;
    return back;
  }

  async function goOn(
    chosen: string,
    thread: FollowedThread | undefined,
    { mark, line }: { mark: Mark; line: (to: string) => string },
  ): Promise<Following> {
    const from = desk.target;
    const to = await desk.prepare(chosen, thread?.cwd);
    desk.repoint(to);
    hasCopied = false;
    const resume = thread === undefined ? undefined : await parts.resumePlan(thread);
    if (resume === undefined && !input.repeatable) {
      say(tellRunAgain(from, to, mark, new Date()));
      return undefined;
    }
    const run: Run =
      resume === undefined
        ? { plan: await parts.againPlan(), stdin: input.again(), thread: undefined }
        : { plan: resume, stdin: input.afterwards(), thread };
    if (interrupted !== undefined) return undefined;
    const named = thread === undefined ? {} : { thread: thread.id };
    if (from !== to) log({ type: 'rotated', from, to, kind: mark.kind, ...named });
    announce(line(to));
    return run;
  }

  try {
    let next: Run = { plan: parts.firstPlan, stdin: input.first, thread: undefined };
    let ending: Ending | undefined;
    for (;;) {
      const startedAtMs = Date.now();
      try {
        ending = await runChild(next, startedAtMs);
      } catch (error) {
        if (ending === undefined) throw new NotStartedError(error);
        say(`codex-hotswap: codex could not be started again (${(error as Error).message})`);
        if (next.thread !== undefined) say(tellResumeByHand(next.thread.id));
        return ending;
      }
      const isOver = ending.kind !== 'exited' || ending.code !== FAILED;
      if (interrupted !== undefined || isOver || bug !== undefined) return ending;
      // Codex logged its account out as soon as it started: the next account would go the same way.
      if (child?.thread() === undefined && desk.hasLostLink()) return ending;
      failedAt = Date.now();
      const found = await find(next, startedAtMs).catch(() => undefined);
      if (found === undefined) return ending;
      if (found === 'unknown') {
        log({ type: 'unconfirmed', source: 'exit' });
        return ending;
      }
      log({ type: 'suspected', source: 'exit' });
      if (found.kind === 'limit') answeredFor.add(found.proof.turnId);
      const going = found.kind === 'limit' ? handOff(found) : goOnInCopy(found.thread);
      const following = await going.catch((error: Error) => {
        log({ type: 'notice', message: `could not go on: ${error.message}` });
        if (error instanceof HotswapError) say(describeError(error).text);
        if (found.thread !== undefined) say(tellResumeByHand(found.thread.id));
        return undefined;
      });
      if (interrupted !== undefined) return interrupted;
      if (following === undefined) return ending;
      next = following;
    }
  } finally {
    stopRelaying();
    takeNetAway();
    if (bug !== undefined) say(bug);
  }
}

function canBeOf(rollout: string, expected: string | undefined, startedAtMs: number): boolean {
  if (expected === undefined) return true;
  if (expected !== 'new') return threadIdOf(rollout) === expected;
  return mayHaveBegunSince(rollout, startedAtMs);
}
