/** What refreshes access tokens in time (launch/token-keeper.ts). */
export type Tokens = Record<
  'prepare' | 'doubt',
  (target: string) => Promise<'ready' | 'needs-login'>
>;

/** Whether the logins of accounts still work. */
export interface LoginChecks {
  /** Plain codex may have logged these targets out: the service is asked before they are used. */
  doubt(targets: readonly string[]): void;
  /** Refreshes the target's access token where that is due, and tells whether its login is gone for good. */
  isDead(target: string, options?: { isDoubted: boolean }): Promise<boolean>;
}

export function createLoginChecks(tokens: Tokens | undefined): LoginChecks {
  const doubted = new Set<string>();
  return {
    doubt(targets) {
      for (const target of targets) doubted.add(target);
    },
    async isDead(target, { isDoubted } = { isDoubted: doubted.delete(target) }) {
      const ask = isDoubted ? 'doubt' : 'prepare';
      return (await tokens?.[ask](target)) === 'needs-login';
    },
  };
}
