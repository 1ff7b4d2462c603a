import { type AuthIdentity, type AuthProblem, readAuthIdentity } from '../codex/auth-file.ts';

/** Whose account a login is. It does not change at a refresh, so it can be put on record. */
export type Identity = Pick<AuthIdentity, 'userId' | 'accountId' | 'email' | 'plan'>;

/** A credential file that was understood. It never holds a token. */
export interface Login {
  identity: Identity;
  /** Epoch seconds at which the access token was made, by the clock of the service; without it `notedAt`; 0 = unknown. */
  issuedAt: number;
  /** Epoch seconds of `last_refresh`, by the clock of the machine that noted it. */
  notedAt?: number;
  /** Epoch seconds at which the access token ends, if it says so. */
  expiresAt?: number;
  /** Absent for keys, and where there is no refresh token. */
  renewal?: Renewal;
}

/** An access token that Codex can renew. */
export interface Renewal {
  /** Epoch seconds. */
  expiresAt: number;
  /** From its making to its end. */
  lifeSeconds?: number;
}

/** Reads the text of an auth.json: whose it is and how fresh. The reason of a failure never quotes the text. */
export function readLogin(
  text: string,
): { kind: 'login'; login: Login } | { kind: 'broken'; reason: string } {
  const auth = readAuthIdentity(text);
  if ('problem' in auth) {
    const reason = text.trim() === '' ? 'is empty' : PROBLEMS[auth.problem];
    return { kind: 'broken', reason };
  }
  const { userId, accountId, email, plan, accessTokenExpiresAt } = auth;
  const notedAt = noteOf(auth);
  return {
    kind: 'login',
    login: {
      identity: {
        userId,
        accountId,
        ...(email === undefined ? {} : { email }),
        ...(plan === undefined ? {} : { plan }),
      },
      issuedAt: auth.issuedAt ?? notedAt ?? 0,
      ...(notedAt === undefined ? {} : { notedAt }),
      ...(accessTokenExpiresAt === undefined ? {} : { expiresAt: accessTokenExpiresAt }),
      ...renewalOf(auth),
    },
  };
}

/** Whose login the text of an auth.json is; undefined where it is none. */
export function identityIn(text: string): Identity | undefined {
  const read = readLogin(text);
  return read.kind === 'login' ? read.login.identity : undefined;
}

const PROBLEMS: Record<AuthProblem, string> = {
  'not-json': 'is not valid JSON',
  'not-an-object': 'is not a JSON object',
  'no-credentials': 'holds no login',
  'no-identity': 'does not tell whose account it is',
};

/** Same person in the same workspace; e-mail and plan may change. */
export function isSameIdentity(
  a: Pick<Identity, 'userId' | 'accountId'>,
  b: Pick<Identity, 'userId' | 'accountId'>,
): boolean {
  return a.userId === b.userId && a.accountId === b.accountId;
}

/** An API key instead of a person's account (see codex/auth-file.ts). */
export function isApiKey({ userId }: Pick<Identity, 'userId'>): boolean {
  return userId === 'api-key';
}

/** An account in words, for a person. */
export function describeIdentity(identity: Identity): string {
  if (isApiKey(identity)) return `an API key (${identity.accountId})`;
  return identity.email ?? `user ${identity.userId}, workspace ${identity.accountId}`;
}

function renewalOf({ canRefresh, accessTokenExpiresAt, issuedAt }: AuthIdentity): {
  renewal?: Renewal;
} {
  if (!canRefresh || accessTokenExpiresAt === undefined) return {};
  const life = issuedAt === undefined ? {} : { lifeSeconds: accessTokenExpiresAt - issuedAt };
  return { renewal: { expiresAt: accessTokenExpiresAt, ...life } };
}

function noteOf({ lastRefresh }: AuthIdentity): number | undefined {
  const noted = Math.floor(Date.parse(lastRefresh ?? '') / 1000);
  return Number.isNaN(noted) ? undefined : noted;
}
