import type { LimitProof } from '../codex/limit-proof.ts';
import type { RateLimits } from '../codex/rollout.ts';
import type { OpenThread } from '../codex/thread-files.ts';
import { NotStartedError } from '../errors.ts';
import type { ChildPlan } from './child.ts';
import { type ExecChild, startExecChild } from './exec-child.ts';
import { proveByAccount, proveExecLimit, readExecRecord } from './exec-evidence.ts';
import type { FollowedThread } from './follow.ts';
import type { HandoffDesk } from './handoff.ts';
import type { ChildInput, KeptInput } from './kept-input.ts';
import type { Ending } from './machine.ts';
import type { Logged } from './run.ts';
import { relaySignals } from './signals.ts';
import { tellExhausted, tellHandoff, tellRunAgain, tellStranded } from './words.ts';

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
  /** Asks the service about the account that just failed; only where no record tells. */
  askLimits(): Promise<RateLimits | undefined>;
  /** For a child whose thread was not seen while it lived: its thread, `none`, or `unknown` when there are several. */
  searchThread(startedAtMs: number): Promise<OpenThread | 'none' | 'unknown'>;
  noteChild(pid: number): void;
  noteThread(thread: { id: string; rollout: string }): void;
  desk: HandoffDesk;
  /** How many accounts there are: the bound on rotations. */
  accounts: number;
  log(event: Logged): void;
  /** One line for the user's stderr. */
  say(line: string): void;
}

/** What a failed child turned out to have failed of. */
interface Finding {
  proof: LimitProof;
  thread: FollowedThread | undefined;
}

/** Codex's exit status for a failed turn (facts 2.4); 2 is wrong usage. */
const FAILED = 1;

/**
 * Runs a `codex exec` to its end: when a turn fails of the account's limit, the work goes on under the next account, in
 * the same thread if it has one. Everything Codex prints is its own; ours is one line on stderr for each handoff.
 * @returns how the last child ended.
 * @throws NotStartedError when the first child could not be started.
 */
export async function runExec(parts: ExecParts): Promise<Ending> {
  const { desk, log, say, input } = parts;
  const answeredFor = new Set<string>();
  let child: ExecChild | undefined;
  let interrupted: Ending | undefined;
  // The tty sends Ctrl-C to the whole group, us included: the child decides, we only wait, and start no other.
  const stopRelaying = relaySignals((signal, number) => {
    interrupted = { kind: 'signalled', signal, number };
    child?.signal(signal);
  });

  async function runChild(plan: ChildPlan, stdin: ChildInput): Promise<Ending> {
    child = startExecChild(plan, stdin, {
      started: parts.noteChild,
      bound: ({ threadId, rollout }) => {
        log({ type: 'bound', thread: threadId, target: desk.target });
        parts.noteThread({ id: threadId, rollout });
      },
    });
    return child.ended;
  }

  /** Why the child failed, as the record of its thread tells, else the service. */
  async function find(startedAtMs: number): Promise<Finding | 'unknown' | undefined> {
    const seen = child?.thread() ?? (await parts.searchThread(startedAtMs));
    if (seen === 'unknown') return 'unknown';
    if (seen !== 'none') {
      const { thread, facts } = await readExecRecord(seen);
      const proof = proveExecLimit(facts, startedAtMs, answeredFor);
      if (proof !== undefined) return { proof, thread };
      if (!parts.asAWhole) return undefined;
    }
    const limits = await parts.askLimits();
    const proof = limits && proveByAccount(limits, Date.now());
    return proof && { proof, thread: undefined };
  }

  async function handOff({ proof, thread }: Finding): Promise<[ChildPlan, ChildInput] | undefined> {
    const from = desk.target;
    const verdict = desk.settle(proof);
    const { mark } = verdict;
    const named = thread === undefined ? {} : { thread: thread.id };
    log({ type: 'confirmed', target: from, kind: mark.kind, until: mark.until, ...named });
    if (mark.kind === 'needs-login') log({ type: 'needs-login', target: from });
    if (verdict.kind === 'none' || answeredFor.size >= parts.accounts) {
      const earliest = verdict.kind === 'none' ? verdict.earliest : undefined;
      const facts = { target: from, mark, ...(earliest === undefined ? {} : { earliest }) };
      log({ type: 'exhausted', target: from, ...(earliest === undefined ? {} : { earliest }) });
      say(tellExhausted(facts, new Date()));
      return undefined;
    }
    desk.repoint(verdict.target);
    const resume = thread === undefined ? undefined : await parts.resumePlan(thread);
    if (resume === undefined && !input.repeatable) {
      say(tellRunAgain(from, verdict.target, mark, new Date()));
      return undefined;
    }
    log({ type: 'rotated', from, to: verdict.target, kind: mark.kind, ...named });
    say(tellHandoff(from, verdict.target, mark, new Date()));
    return resume === undefined
      ? [await parts.againPlan(), input.again()]
      : [resume, input.afterwards()];
  }

  try {
    let next: [ChildPlan, ChildInput] = [parts.firstPlan, input.first];
    let ending: Ending | undefined;
    for (;;) {
      const startedAtMs = Date.now();
      try {
        ending = await runChild(...next);
      } catch (error) {
        if (ending === undefined) throw new NotStartedError(error);
        say(`codex-hotswap: codex could not be started again (${(error as Error).message})`);
        return ending;
      }
      if (interrupted !== undefined || ending.kind !== 'exited' || ending.code !== FAILED) {
        return ending;
      }
      const found = await find(startedAtMs).catch(() => undefined);
      if (found === undefined) return ending;
      if (found === 'unknown') {
        log({ type: 'unconfirmed', source: 'exit' });
        return ending;
      }
      answeredFor.add(found.proof.turnId);
      log({ type: 'suspected', source: 'exit' });
      const following = await handOff(found).catch((error: Error) => {
        log({ type: 'notice', message: `could not go on: ${error.message}` });
        if (found.thread !== undefined) say(tellStranded(found.thread.id));
        return undefined;
      });
      if (following === undefined) return ending;
      if (interrupted !== undefined) return interrupted;
      next = following;
    }
  } finally {
    stopRelaying();
  }
}
