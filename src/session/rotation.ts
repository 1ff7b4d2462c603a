import type { ChildPlan } from './child.ts';
import type { FollowedThread, Proven } from './follow.ts';
import type { HandoffDesk, Verdict } from './handoff.ts';
import type { Event, Evidence } from './machine.ts';
import type { Logged } from './run.ts';
import { tellExhausted, tellHandoff, titleExhausted } from './words.ts';

/** What is remembered from the proof of a limit to the first turn under the next account; it tells the log. */
export interface Rotation {
  begin(proof: Proven): Evidence;
  /** Marks the account and chooses the next. */
  choose(): Event;
  /** Nobody can take over: what to say at exit, and in the window's title. */
  settleExhausted(): { summary: string; title: string };
  /** Shows the next account's credentials in the slot and plans its child. `line` is for the scrollback. */
  moveTo(target: string): Promise<{ event: Event; line?: string }>;
  /** How the successor is started. */
  plan(): ChildPlan;
  /** The successor works. */
  arrived(): void;
}

export interface RotationParts {
  desk: HandoffDesk;
  log(event: Logged): void;
  /** How to go on with a thread, in an overlay that is ready for it. */
  resumePlan(thread: FollowedThread): Promise<ChildPlan>;
  now(): number;
}

export function createRotation({ desk, log, resumePlan, now }: RotationParts): Rotation {
  let proof: Proven | undefined;
  let verdict: Verdict | undefined;
  let plan: ChildPlan | undefined;
  let provenAt: number | undefined;

  function settle(found: Proven): Verdict {
    const target = desk.target;
    const settled = desk.settle(found);
    const { kind, until } = settled.mark;
    log({ type: 'confirmed', target, kind, until, thread: found.thread.id });
    if (kind === 'needs-login') log({ type: 'needs-login', target });
    return settled;
  }

  return {
    begin(found) {
      proof = found;
      provenAt = now();
      return { threadId: found.thread.id, turnId: found.turnId };
    },
    choose() {
      verdict = settle(proof as Proven);
      return verdict.kind === 'chosen'
        ? { name: 'target-chosen', target: verdict.target }
        : { name: 'none-left' };
    },
    settleExhausted() {
      const { target } = desk;
      const { mark, ...rest } = verdict ?? settle(proof as Proven);
      verdict = undefined;
      const earliest = rest.kind === 'none' ? rest.earliest : undefined;
      const pinned = rest.kind === 'none' && rest.pinned === true;
      const facts = { target, mark, pinned, ...(earliest === undefined ? {} : { earliest }) };
      log({ type: 'exhausted', target, ...(earliest === undefined ? {} : { earliest }) });
      const at = new Date(now());
      return { summary: tellExhausted(facts, at), title: titleExhausted(facts, at) };
    },
    async moveTo(to) {
      const from = desk.target;
      const { mark } = verdict as Verdict;
      const { thread } = proof as Proven;
      verdict = undefined;
      try {
        desk.repoint(to);
        plan = await resumePlan(thread);
      } catch (error) {
        const { message } = error as Error;
        log({ type: 'notice', message: `could not go on under ${to}: ${message}` });
        return { event: { name: 'not-repointed' } };
      }
      log({ type: 'rotated', from, to, kind: mark.kind, thread: thread.id });
      const line = tellHandoff(from, to, mark, new Date(now()));
      return { event: { name: 'repointed' }, line };
    },
    plan: () => plan as ChildPlan,
    arrived() {
      if (provenAt === undefined) return;
      const milliseconds = now() - provenAt;
      provenAt = undefined;
      const thread = (proof as Proven).thread.id;
      log({ type: 'resumed', thread, target: desk.target, milliseconds });
    },
  };
}
