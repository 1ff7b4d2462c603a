import { dropUndefined } from '../codex/json.ts';
import { copyWithoutEncrypted } from '../codex/portable-copy.ts';
import { describeError, type ErrorCode, HotswapError } from '../errors.ts';
import type { HandoffAccounts } from './accounts.ts';
import type { Driver } from './driver.ts';
import type { EffectOf } from './effects.ts';
import type { Event, Failure, Finding, SuccessorPlan } from './events.ts';
import { nameAccount } from './session.ts';

/** Carries out the effects that are answered with an event. Undefined: the event would come too late. */
export function createAnswers(
  driver: Pick<Driver, 'seekProof' | 'planResume' | 'planAgain'>,
  accounts: HandoffAccounts,
) {
  /** Codex's configuration is read again while proof is sought, so that the choice need not wait for it. */
  let reread: { directory: string | undefined; done: Promise<void> } | undefined;

  async function planSuccessor({
    thread,
    prompt,
  }: EffectOf<'move'>): Promise<SuccessorPlan | undefined> {
    const resume = thread && (await driver.planResume(thread, prompt));
    if (resume !== undefined) return { plan: resume, how: 'resume' };
    const again = await driver.planAgain();
    return again && { plan: again, how: 'again' };
  }

  return {
    async seekProof({ source, directory }: EffectOf<'seek-proof'>): Promise<Finding | undefined> {
      reread = { directory, done: accounts.rereadConstraints(directory) };
      const [finding] = await Promise.all([driver.seekProof(source), reread.done]);
      return finding;
    },
    async choose({ proof, directory }: EffectOf<'choose'>): Promise<Event> {
      if (reread?.directory !== directory) await accounts.rereadConstraints(directory);
      reread = undefined;
      const { kind, ...choice } = await accounts.markAndChoose(proof);
      return 'target' in choice ? { name: 'chosen', ...choice } : { name: 'none-left', ...choice };
    },
    /** @param isWanted whether the session still goes on. */
    async move(effect: EffectOf<'move'>, isWanted: () => boolean): Promise<Event | undefined> {
      let to = effect.target;
      try {
        to = await accounts.prepare(to, effect.thread?.cwd);
        if (!isWanted()) return undefined;
        accounts.repoint(to);
        const prompt = nameAccount(effect.prompt, to);
        const plan = await planSuccessor({ ...effect, prompt });
        return { name: 'moved', to, plan, ...dropUndefined({ rule: accounts.rule() }) };
      } catch (error) {
        return { name: 'not-moved', to, shows: accounts.target, failure: describeFailure(error) };
      }
    },
    async stay({ thread }: EffectOf<'stay'>): Promise<Event> {
      const plan = await driver.planResume(thread, '').catch(() => undefined);
      return { name: 'stayed', plan };
    },
    async copy({ thread, prompt }: EffectOf<'copy'>): Promise<Event> {
      try {
        await accounts.assertAllowed(thread.cwd);
        const copied = await copyWithoutEncrypted(thread.rollout);
        const copy = { ...thread, ...copied, copyOf: thread.id, hasGoal: false };
        return { name: 'copied', copy, plan: await driver.planResume(copy, prompt) };
      } catch (error) {
        return { name: 'not-copied', failure: describeFailure(error) };
      }
    },
  };
}

function describeFailure(error: unknown): Failure {
  const { message } = error as Error;
  if (!(error instanceof HotswapError)) return { message, isFinal: false };
  return { message, line: describeError(error).text, isFinal: FINAL.has(error.code) };
}

const FINAL: ReadonlySet<ErrorCode> = new Set([
  ...(['forced-login', 'codex-not-found', 'codex-not-runnable'] as const),
]);
