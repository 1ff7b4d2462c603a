import { copyWithoutEncrypted } from '../codex/portable-copy.ts';
import { describeError, HotswapError } from '../errors.ts';
import type { HandoffAccounts } from './accounts.ts';
import type { Driver } from './driver.ts';
import type { EffectOf } from './effects.ts';
import type { Event, Failure, SuccessorPlan } from './events.ts';
import type { SessionThread } from './session-thread.ts';

export interface SuccessorParts {
  driver: Pick<Driver, 'planResume' | 'planAgain'>;
  accounts: HandoffAccounts;
}

/** Puts the login of the target into the overlay, and plans the next child. @param isWanted the session still goes on. */
export async function moveToTarget(
  { target, thread, prompt }: EffectOf<'move'>,
  { driver, accounts }: SuccessorParts,
  isWanted: () => boolean,
): Promise<Event | undefined> {
  let to = target;
  try {
    to = await accounts.prepare(target, thread?.cwd);
    if (!isWanted()) return undefined;
    accounts.repoint(to);
    return { name: 'moved', to, plan: await planSuccessor(driver, thread, prompt) };
  } catch (error) {
    return { name: 'not-moved', to, shows: accounts.target, failure: describeFailure(error) };
  }
}

/** Plans a child that opens the thread under the account that ran, without a prompt. */
export async function planStay(
  { thread }: EffectOf<'stay'>,
  { driver }: Pick<SuccessorParts, 'driver'>,
): Promise<Event> {
  const plan = await driver.planResume(thread, '').catch(() => undefined);
  return { name: 'stayed', plan };
}

/** Copies the thread without the parts that the account may not read, and plans a child for the copy. */
export async function copyThread(
  { thread, prompt }: EffectOf<'copy'>,
  { driver, accounts }: SuccessorParts,
): Promise<Event> {
  try {
    await accounts.assertAllowed(thread.cwd);
    const copy = { ...thread, ...(await copyWithoutEncrypted(thread.rollout)), hasGoal: false };
    return { name: 'copied', copy, plan: await driver.planResume(copy, prompt) };
  } catch (error) {
    return { name: 'not-copied', failure: describeFailure(error) };
  }
}

async function planSuccessor(
  driver: SuccessorParts['driver'],
  thread: SessionThread | undefined,
  prompt: string,
): Promise<SuccessorPlan | undefined> {
  const resume = thread && (await driver.planResume(thread, prompt));
  if (resume !== undefined) return { plan: resume, how: 'resume' };
  const again = await driver.planAgain();
  return again && { plan: again, how: 'again' };
}

function describeFailure(error: unknown): Failure {
  const { message } = error as Error;
  if (!(error instanceof HotswapError)) return { message, isForcedLogin: false };
  const isForcedLogin = error.code === 'forced-login';
  return { message, line: describeError(error).text, isForcedLogin };
}
