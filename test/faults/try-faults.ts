import type { Fault } from './home.ts';
import { tryFault, type Verdict } from './judge.ts';
import type { SceneName } from './scenes.ts';

/** Tries faults two at a time, which is what two cores can take; `tell` gets each verdict as it comes. */
export async function tryFaults(
  scene: SceneName,
  faults: readonly Fault[],
  tell: (verdict: Verdict) => void,
): Promise<void> {
  let next = 0;
  const work = async () => {
    for (let index = next++; index < faults.length; index = next++) {
      tell(await tryFault(scene, faults[index] as Fault));
    }
  };
  await Promise.all([work(), work()]);
}
