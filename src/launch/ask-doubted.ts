import type { TokenKeeper } from './token-keeper.ts';

/**
 * Asks the service about logins that may have been revoked, side by side. One that it refuses is marked; without an answer
 * (no network) nothing is.
 * @returns lines for the user about those that were refused.
 */
export async function askDoubted(
  tokens: Pick<TokenKeeper, 'doubt'>,
  targets: readonly string[],
): Promise<string[]> {
  const lines = await Promise.all(
    targets.map(async (target) =>
      (await tokens.doubt(target)) === 'needs-login' ? [tellRefused(target)] : [],
    ),
  );
  return lines.flat();
}

/** The same for the account of a session in which the link to its login was taken away. */
export async function askAfterSession(
  tokens: Pick<TokenKeeper, 'doubt'> | undefined,
  target: string,
): Promise<string> {
  const answer = await tokens?.doubt(target);
  return answer === 'needs-login'
    ? `${target}: it was logged out in this session, which revokes the account everywhere; to use it again: codex-hotswap login ${target}`
    : `${target}: the link to its login was gone when this session ended; its login is still here and was not refused, so it stays in use`;
}

function tellRefused(target: string): string {
  return `${target}: its login was revoked; to use it again: codex-hotswap login ${target}`;
}
