import type { Mark } from '../../accounts/marks.ts';
import type { Room } from '../../accounts/usage.ts';
import type { LimitProof } from '../../codex/limit-proof.ts';
import { copyPortable } from '../../codex/portable-copy.ts';
import { describeError, HotswapError } from '../../errors.ts';
import type { HandoffAccounts, Verdict } from '../../handoff/accounts.ts';
import {
  promptAboutEnded,
  tellBack,
  tellCopied,
  tellEarly,
  tellEnded,
  tellExhausted,
  tellHandoff,
  tellNotMoved,
  titleExhausted,
} from '../../handoff/messages.ts';
import type { Event, Evidence } from '../../handoff/vocabulary.ts';
import type { Awaited } from '../../handoff/wait-for-reset.ts';
import type { Logged } from '../../state/events.ts';
import type { Proven, Refused } from './follow-threads.ts';
import type { FollowedThread } from './followed-rollout.ts';
import type { ChildPlan } from './supervised-child.ts';

/** What is remembered from the proof of a limit to the first turn under the next account; it tells the log. */
export interface Rotation {
  begin(proof: Proven): Evidence;
  /** The account may not read the thread. */
  beginCopy(refused: Refused): Evidence;
  /** The child could not begin, as the login of its account is gone. */
  beginWithoutLogin(): void;
  /** The account has little left: at the end of a turn the thread goes on under another, without a prompt. */
  beginEarly(thread: FollowedThread, room: Room): Evidence;
  /** Marks the account and chooses the next. */
  choose(): Event;
  /** Nobody can take over: what to say at exit, and in the window's title; who comes back by itself, and when. */
  settleExhausted(): { summary: string; title: string; earliest?: Awaited };
  /** An account that was waited for is back. */
  beginAgain(): void;
  /** The child is being ended, and with it these commands that it had in the background. */
  endCommands(names: readonly string[]): void;
  /** Shows the next account's credentials in the slot and plans its child. `line` is for the scrollback. */
  moveTo(target: string): Promise<{ event: Event; line?: string; isUrgent?: boolean }>;
  /** Makes the copy of that thread and plans the child that goes on in it. */
  copyThread(): Promise<{ event: Event; line?: string }>;
  /** The thread that this one is a copy of. */
  originalOf(threadId: string): string | undefined;
  /** How the successor is started. */
  plan(): ChildPlan;
  /** Whether it is started on a thread, with a prompt to go on with. */
  resumes(): boolean;
  /** That prompt; '' for none. */
  prompt(): string;
  /** That thread has a goal, which a limit has halted. */
  resumesGoal(): boolean;
  /** The successor works. */
  arrived(): void;
}

export interface RotationParts {
  desk: HandoffAccounts;
  log(event: Logged): void;
  /** For a session without a thread: its own command line, once more. */
  firstPlan: ChildPlan;
  /** What a resumed thread is told; '' for nothing. */
  prompt: string;
  /** How to go on with a thread, in an overlay that is ready for it. */
  resumePlan(thread: FollowedThread, prompt?: string): Promise<ChildPlan>;
  now(): number;
}

export function createRotation(parts: RotationParts): Rotation {
  const { desk, log, firstPlan, resumePlan, now } = parts;
  let failure: LimitProof | undefined;
  /** What the successor goes on with. */
  let thread: FollowedThread | undefined;
  /** Copy → original. */
  const originals = new Map<string, string>();
  let verdict: Verdict | undefined;
  let mark: Mark | undefined;
  let plan = firstPlan;
  let failedAt: number | undefined;
  let hasWaited = false;
  /** No turn was cut off: the successor is told nothing. */
  let isIdle = false;
  /** What was left, where the session moves on before the limit. */
  let early: Room | undefined;
  let ended: readonly string[] = [];

  /** Nothing where no turn was cut off, or where the user wants nothing to be said. */
  function prompt(): string {
    if (isIdle || parts.prompt === '') return '';
    return ended.length === 0
      ? parts.prompt
      : `${parts.prompt}\n\n${promptAboutEnded(ended.length)}`;
  }

  function settle(): Verdict {
    const { target } = desk;
    const settled = desk.settle(failure as LimitProof);
    mark = settled.mark;
    const { kind, until } = mark;
    log({ type: 'confirmed', target, kind, until, ...named(thread) });
    if (kind === 'needs-login') log({ type: 'needs-login', target });
    return settled;
  }

  /** The user stays in Codex, in the thread, under the account that the slot shows; without a thread there is nothing to. */
  async function stay(to: string, reason: string): ReturnType<Rotation['moveTo']> {
    if (thread === undefined) return { event: { name: 'not-repointed' } };
    try {
      isIdle = true;
      plan = await resumePlan(thread, '');
    } catch {
      return { event: { name: 'not-repointed' } };
    }
    return { event: { name: 'repointed' }, line: tellNotMoved(desk.target, to, reason) };
  }

  return {
    begin(proof) {
      ended = [];
      failure = proof;
      thread = proof.thread;
      early = undefined;
      isIdle = proof.isIdle === true;
      failedAt = now();
      return { threadId: thread.id, turnId: proof.turnId };
    },
    beginCopy(refused) {
      ended = [];
      thread = refused.thread;
      early = undefined;
      isIdle = false;
      failedAt = now();
      return { threadId: thread.id, turnId: refused.turnId };
    },
    beginWithoutLogin() {
      ended = [];
      failure = { kind: 'needs-login', turnId: 'none' };
      early = undefined;
      failedAt ??= now();
    },
    beginEarly(current, room) {
      ended = [];
      thread = current;
      early = room;
      isIdle = true;
      failedAt = undefined;
      return { threadId: current.id };
    },
    choose() {
      verdict = settle();
      return verdict.kind === 'chosen'
        ? { name: 'target-chosen', target: verdict.target }
        : { name: 'none-left' };
    },
    settleExhausted() {
      const { target } = desk;
      const { mark: limit, ...rest } = verdict ?? settle();
      verdict = undefined;
      const earliest = rest.kind === 'none' ? rest.earliest : undefined;
      const pinned = rest.kind === 'none' && rest.pinned === true;
      const barred = rest.kind === 'none' ? rest.barred : undefined;
      const facts = {
        target,
        mark: limit,
        pinned,
        ...(barred === undefined ? {} : { barred }),
        ...(earliest === undefined ? {} : { earliest }),
      };
      log({ type: 'exhausted', target, ...(earliest === undefined ? {} : { earliest }) });
      const at = new Date(now());
      return {
        summary: tellExhausted(facts, at),
        title: titleExhausted(facts, at),
        ...(earliest === undefined ? {} : { earliest }),
      };
    },
    beginAgain() {
      hasWaited = true;
      failedAt = now();
    },
    endCommands(names) {
      ended = names;
    },
    async moveTo(chosen) {
      const from = desk.target;
      const limit = mark as Mark;
      const isBack = hasWaited;
      verdict = undefined;
      hasWaited = false;
      let to = chosen;
      try {
        to = await desk.prepare(chosen, thread?.cwd);
        desk.repoint(to);
        plan = thread === undefined ? firstPlan : await resumePlan(thread, prompt());
      } catch (error) {
        const { message } = error as Error;
        log({ type: 'notice', message: `could not go on under ${to}: ${message}` });
        // A start under the account that ran would log that out.
        if (error instanceof HotswapError && error.code === 'forced-login') {
          return { event: { name: 'not-repointed' }, line: describeError(error).text };
        }
        return stay(to, message);
      }
      if (early !== undefined) {
        log({ type: 'rotated', from, to, kind: 'low', ...early, ...named(thread) });
        return {
          event: { name: 'repointed' },
          line: tellEarly(from, to, early) + tellEnded(ended),
        };
      }
      if (isBack) log({ type: 'waited', target: to, outcome: 'back' });
      if (!isBack || from !== to) {
        log({ type: 'rotated', from, to, kind: limit.kind, ...named(thread) });
      }
      const told = isBack ? tellBack(to) : tellHandoff(from, to, limit, new Date(now()));
      const line = told + tellEnded(ended);
      return { event: { name: 'repointed' }, line, isUrgent: true };
    },
    async copyThread() {
      const { target } = desk;
      const original = thread as FollowedThread;
      try {
        await desk.assertFits(original.cwd);
        // A goal belongs to a thread's id, so a copy has none.
        thread = { ...original, ...(await copyPortable(original.rollout)), hasGoal: false };
        plan = await resumePlan(thread, prompt());
      } catch (error) {
        log({ type: 'notice', message: `could not copy the thread: ${(error as Error).message}` });
        return { event: { name: 'not-copied' } };
      }
      originals.set(thread.id, original.id);
      log({ type: 'copied', target, from: original.id, to: thread.id });
      const event: Event = { name: 'copied', evidence: { threadId: thread.id } };
      return { event, line: tellCopied(target, thread.id) + tellEnded(ended) };
    },
    originalOf: (threadId) => originals.get(threadId),
    plan: () => plan,
    resumes: () => thread !== undefined && !isIdle,
    prompt,
    resumesGoal: () => thread?.hasGoal === true && !isIdle,
    arrived() {
      if (failedAt === undefined) return;
      const milliseconds = Math.max(0, now() - failedAt);
      failedAt = undefined;
      log({ type: 'resumed', target: desk.target, milliseconds, ...named(thread) });
    },
  };
}

function named(thread: FollowedThread | undefined): { thread?: string } {
  return thread === undefined ? {} : { thread: thread.id };
}
