import type { Account } from './accounts.ts';

/** The content of an auth.json (fact 8). */
export interface AuthJson {
  auth_mode: 'chatgpt';
  OPENAI_API_KEY: null;
  tokens: TokenSet & { account_id: string };
  last_refresh: string;
}

export interface TokenSet {
  id_token: string;
  access_token: string;
  refresh_token: string;
}

/** Why a refresh was refused: the codes Codex knows (fact 18). */
export type RefreshRefusal =
  | 'refresh_token_reused'
  | 'refresh_token_invalidated'
  | 'refresh_token_expired';

export interface TokenStore {
  /** Begins a new token family, as a login does. `leftSeconds`: so much life is left to its first access token. */
  issue(account: Account, leftSeconds?: number): TokenSet;
  /** Spends a refresh token. A spent one is refused and revokes its whole family, as the real service may. */
  refresh(refreshToken: string): TokenSet | RefreshRefusal;
  /** Revokes the family of an access or refresh token; false when the token is unknown. */
  revoke(token: string): boolean;
  revokeAccount(account: Account): void;
  /** The account of a living access token, else undefined: the service then answers 401. */
  authenticate(accessToken: string): Account | undefined;
  /** Which account a token was issued to, living or not. */
  ownerOf(token: string): Account | undefined;
  /** Every token ever issued, for tests that look for leaks. */
  all(): string[];
  readonly counts: { refreshes: number; reuses: number; revocations: number };
}

interface Family {
  account: Account;
  revoked: boolean;
}

interface Issued {
  family: Family;
  expiresAt: number;
  spent: boolean;
}

export interface TokenStoreOptions {
  /** Life of access tokens; Codex refreshes in the last 5 minutes (fact 14). Default one day. */
  accessTokenSeconds?: number;
  /** Whether reuse of a spent refresh token revokes the family. Default true. */
  revokeFamilyOnReuse?: boolean;
}

const DAY_SECONDS = 24 * 60 * 60;

export function createTokenStore(options: TokenStoreOptions = {}): TokenStore {
  const accessTokens = new Map<string, Issued>();
  const refreshTokens = new Map<string, Issued>();
  const idTokens = new Set<string>();
  const counts = { refreshes: 0, reuses: 0, revocations: 0 };
  let serial = 0;

  const lifeSeconds = options.accessTokenSeconds ?? DAY_SECONDS;
  const issueIn = (family: Family, leftSeconds = lifeSeconds) => {
    serial += 1;
    const expiresAt = Math.floor(Date.now() / 1000) + leftSeconds;
    const issuedAt = expiresAt - Math.max(leftSeconds, lifeSeconds);
    const set: TokenSet = {
      ...makeJwts(family.account, { issuedAt, expiresAt, serial }),
      refresh_token: `lab-refresh-${family.account.name}-${serial}-${crypto.randomUUID()}`,
    };
    accessTokens.set(set.access_token, { family, expiresAt, spent: false });
    refreshTokens.set(set.refresh_token, { family, expiresAt: Infinity, spent: false });
    idTokens.add(set.id_token);
    return set;
  };
  const revokeFamily = (family: Family) => {
    if (!family.revoked) counts.revocations += 1;
    family.revoked = true;
  };
  const find = (token: string) => accessTokens.get(token) ?? refreshTokens.get(token);

  return {
    counts,
    issue: (account, leftSeconds) => issueIn({ account, revoked: false }, leftSeconds),
    refresh(refreshToken) {
      const issued = refreshTokens.get(refreshToken);
      if (issued === undefined) return 'refresh_token_expired';
      if (issued.spent) {
        counts.reuses += 1;
        if (options.revokeFamilyOnReuse ?? true) revokeFamily(issued.family);
        return 'refresh_token_reused';
      }
      if (issued.family.revoked) return 'refresh_token_invalidated';
      issued.spent = true;
      counts.refreshes += 1;
      return issueIn(issued.family);
    },
    revoke(token) {
      const issued = find(token);
      if (issued !== undefined) revokeFamily(issued.family);
      return issued !== undefined;
    },
    revokeAccount(account) {
      for (const { family } of refreshTokens.values()) {
        if (family.account === account) revokeFamily(family);
      }
    },
    authenticate(accessToken) {
      const issued = accessTokens.get(accessToken);
      const alive =
        issued !== undefined && !issued.family.revoked && issued.expiresAt * 1000 > Date.now();
      return alive ? issued.family.account : undefined;
    },
    ownerOf: (token) => find(token)?.family.account,
    all: () => [...accessTokens.keys(), ...refreshTokens.keys(), ...idTokens],
  };
}

/** Wraps tokens as Codex stores them after a login. */
export function toAuthJson(account: Account, tokens: TokenSet): AuthJson {
  return {
    auth_mode: 'chatgpt',
    OPENAI_API_KEY: null,
    tokens: { ...tokens, account_id: account.id },
    last_refresh: new Date().toISOString(),
  };
}

/** Id and access token with the claims Codex reads (fact 9); it does not check the signature (fact 3). */
function makeJwts(
  account: Account,
  { issuedAt, expiresAt, serial }: { issuedAt: number; expiresAt: number; serial: number },
) {
  const identity = {
    chatgpt_plan_type: account.plan,
    chatgpt_user_id: account.userId,
    user_id: account.userId,
    chatgpt_account_id: account.id,
    chatgpt_account_user_id: `${account.userId}__${account.id}`,
    chatgpt_account_is_fedramp: false,
  };
  const claims = {
    exp: expiresAt,
    iat: issuedAt,
    jti: `lab-${serial}`, // two tokens of one second must differ
    sub: account.userId,
    email: account.email,
    'https://api.openai.com/profile': { email: account.email, email_verified: true },
    'https://api.openai.com/auth': identity,
  };
  return {
    id_token: makeJwt({ ...claims, aud: ['lab-id'] }),
    access_token: makeJwt({ ...claims, aud: ['lab-access'] }),
  };
}

function makeJwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.${Buffer.from('lab').toString('base64url')}`;
}
