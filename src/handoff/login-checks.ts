/** The keeper, which refreshes access tokens in time (launch/token-keeper.ts). */
export type Tokens = Record<
  'prepare' | 'verifyLogin',
  (target: string) => Promise<'ready' | 'needs-login'>
>;

/** Whether the logins of accounts still work. */
export interface LoginChecks {
  /** Plain codex may have logged these targets out. The service is asked about them before they are used. */
  suspect(targets: readonly string[]): void;
  /** Refreshes the target's access token if that is due. @returns whether its login is gone for good */
  isDead(target: string, options?: { isSuspect: boolean }): Promise<boolean>;
}

export function createLoginChecks(tokens: Tokens | undefined): LoginChecks {
  const suspects = new Set<string>();
  return {
    suspect(targets) {
      for (const target of targets) suspects.add(target);
    },
    async isDead(target, { isSuspect } = { isSuspect: suspects.delete(target) }) {
      const ask = isSuspect ? 'verifyLogin' : 'prepare';
      return (await tokens?.[ask](target)) === 'needs-login';
    },
  };
}
