import type { TokenKeeper } from './token-keeper.ts';

/**
 * Asks the service about logins that may be revoked, all at once. A login that the service refuses gets a mark. Without an
 * answer (no network) there is no mark.
 * @returns lines for the user about the refused logins.
 */
export async function askSuspects(
  tokens: Pick<TokenKeeper, 'verifyLogin'>,
  targets: readonly string[],
): Promise<string[]> {
  const answers = await Promise.all(targets.map((target) => tokens.verifyLogin(target)));
  return targets
    .filter((_, index) => answers[index] === 'needs-login')
    .map(
      (target) =>
        `${target}: its login was revoked; to use it again: codex-hotswap login ${target}`,
    );
}

/** The same for the account of a session whose link to its login was removed. @returns a line for the user. */
export async function askAfterSession(
  tokens: Pick<TokenKeeper, 'verifyLogin'> | undefined,
  target: string,
): Promise<string> {
  const answer = await tokens?.verifyLogin(target);
  return answer === 'needs-login'
    ? `${target}: it was logged out in this session, which revokes the login everywhere; to use it again: codex-hotswap login ${target}`
    : `${target}: the link to its login was gone when this session ended; the login itself is still there, and the service did not refuse it, so ${target} stays in use`;
}
