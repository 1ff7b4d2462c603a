import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Paths, resolvePaths } from '../../../src/state/paths.ts';

const SANDBOX = fileURLToPath(new URL('../../../.cache/sandbox/', import.meta.url));

/** A HOME of its own on the real file system, with an empty `~/.codex`; removed when the test is over. */
export function makeScratchHome(): Paths {
  mkdirSync(SANDBOX, { recursive: true });
  const home = mkdtempSync(join(SANDBOX, 'unit-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 3 }));
  mkdirSync(join(home, '.codex'), { mode: 0o700 });
  return resolvePaths({}, home);
}

/** Runs with another umask, for the mode a file gets must not depend on it. */
export function withUmask<T>(mask: number, action: () => T): T {
  const before = process.umask(mask);
  try {
    return action();
  } finally {
    process.umask(before);
  }
}

/** An auth.json as Codex writes it, with an unsigned token (facts 8, 9). */
export function forgeAuth({
  user = 'user-1',
  account = 'account-1',
  email = `${user}@example.com`,
  issuedAt = 1_800_000_000,
  lastRefresh,
}: {
  user?: string;
  account?: string;
  email?: string;
  issuedAt?: number;
  lastRefresh?: string;
} = {}): string {
  const jwt = (claims: object) =>
    `${encode({ alg: 'none' })}.${encode(claims)}.${Buffer.from('signature').toString('base64url')}`;
  const auth = { chatgpt_user_id: user, chatgpt_account_id: account, chatgpt_plan_type: 'plus' };
  return JSON.stringify({
    auth_mode: 'chatgpt',
    OPENAI_API_KEY: null,
    tokens: {
      id_token: jwt({ email, 'https://api.openai.com/auth': auth }),
      access_token: jwt({
        iat: issuedAt,
        exp: issuedAt + 864_000,
        'https://api.openai.com/auth': auth,
      }),
      refresh_token: `refresh-${user}-${issuedAt}`,
      account_id: account,
    },
    ...(lastRefresh === undefined ? {} : { last_refresh: lastRefresh }),
  });
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
