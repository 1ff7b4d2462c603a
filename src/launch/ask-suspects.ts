import type { TokenKeeper } from './token-keeper.ts';

/**
 * Asks the service about logins that may have been revoked, side by side. A login that it refuses is marked. Without an
 * answer (no network) nothing is marked.
 * @returns lines for the user about the logins that were refused.
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

/** The same for the account of a session in which the link to its login was taken away. @returns a line for the user. */
export async function askAfterSession(
  tokens: Pick<TokenKeeper, 'verifyLogin'> | undefined,
  target: string,
): Promise<string> {
  const answer = await tokens?.verifyLogin(target);
  return answer === 'needs-login'
    ? `${target}: it was logged out in this session, which revokes the account everywhere; to use it again: codex-hotswap login ${target}`
    : `${target}: the link to its login was gone when this session ended; its login is still here and was not refused, so it stays in use`;
}
