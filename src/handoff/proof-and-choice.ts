import type { HandoffAccounts } from './accounts.ts';
import type { Driver } from './driver.ts';
import type { EffectOf } from './effects.ts';
import type { Event, Finding } from './events.ts';

/** The search for proof, and the choice of the next account that follows it. */
export interface ProofAndChoice {
  seekProof(effect: EffectOf<'seek-proof'>): Promise<Finding | undefined>;
  choose(effect: EffectOf<'choose'>): Promise<Event>;
}

export function createProofAndChoice(
  driver: Pick<Driver, 'seekProof'>,
  accounts: Pick<HandoffAccounts, 'rereadConstraints' | 'markAndChoose'>,
): ProofAndChoice {
  /** Codex's configuration is read again while proof is sought, so that the choice need not wait for it. */
  let reread: { directory: string | undefined; done: Promise<void> } | undefined;
  return {
    async seekProof({ source, directory }) {
      reread = { directory, done: accounts.rereadConstraints(directory) };
      const [finding] = await Promise.all([driver.seekProof(source), reread.done]);
      return finding;
    },
    async choose({ proof, directory }) {
      if (reread?.directory !== directory) await accounts.rereadConstraints(directory);
      reread = undefined;
      const choice = accounts.markAndChoose(proof);
      const { mark } = choice;
      if (choice.kind === 'chosen') return { name: 'chosen', target: choice.target, mark };
      const { kind: _, ...none } = choice;
      return { name: 'none-left', ...none };
    },
  };
}
