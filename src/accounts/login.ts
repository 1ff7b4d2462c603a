import { type AuthIdentity, type AuthProblem, readAuthIdentity } from '../codex/auth-file.ts';
import { dropUndefined } from '../codex/json.ts';

/** The account of a login. A refresh does not change it, so it can be recorded. */
export type Identity = Pick<AuthIdentity, 'userId' | 'accountId' | 'email' | 'plan'>;

/** The facts of an auth.json, without any token. */
export interface Login {
  identity: Identity;
  /** When the service made the access token, epoch seconds; without that time `notedAt`; 0 = unknown. */
  issuedAt: number;
  /** Epoch seconds of `last_refresh`, by the clock of the machine that wrote it. */
  notedAt?: number;
  /** When the access token ends, epoch seconds. */
  expiresAt?: number;
  /** Absent for API keys, and without a refresh token. */
  renewal?: Renewal;
}

/** An access token that Codex can renew. */
export interface Renewal {
  /** Epoch seconds. */
  expiresAt: number;
  /** From its issue to its end. */
  lifeSeconds?: number;
}

/** Reads the account and the times in the text of an auth.json. The reason of a failure never quotes the text. */
export function readLogin(
  text: string,
): { kind: 'login'; login: Login } | { kind: 'broken'; reason: string } {
  const auth = readAuthIdentity(text);
  if ('problem' in auth) {
    const reason = text.trim() === '' ? 'is empty' : PROBLEMS[auth.problem];
    return { kind: 'broken', reason };
  }
  const { userId, accountId, email, plan, accessTokenExpiresAt: expiresAt } = auth;
  const notedAt = readNotedTime(auth);
  return {
    kind: 'login',
    login: {
      identity: { userId, accountId, ...dropUndefined({ email, plan }) },
      issuedAt: auth.issuedAt ?? notedAt ?? 0,
      ...dropUndefined({ notedAt, expiresAt, renewal: readRenewal(auth) }),
    },
  };
}

/** The account of a login; undefined when the text is no login. */
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

/** Whether both are the same person in the same workspace. E-mail and plan may differ. */
export function isSameIdentity(
  a: Pick<Identity, 'userId' | 'accountId'>,
  b: Pick<Identity, 'userId' | 'accountId'>,
): boolean {
  return a.userId === b.userId && a.accountId === b.accountId;
}

/** Whether the login is an API key instead of a person's account (see codex/auth-file.ts). */
export function isApiKey({ userId }: Pick<Identity, 'userId'>): boolean {
  return userId === 'api-key';
}

/** The account as a text for the user. */
export function describeIdentity(identity: Identity): string {
  if (isApiKey(identity)) return `an API key (${identity.accountId})`;
  return identity.email ?? `user ${identity.userId}, workspace ${identity.accountId}`;
}

function readRenewal(auth: AuthIdentity): Renewal | undefined {
  const { canRefresh, accessTokenExpiresAt: expiresAt, issuedAt } = auth;
  if (!canRefresh || expiresAt === undefined) return undefined;
  return issuedAt === undefined ? { expiresAt } : { expiresAt, lifeSeconds: expiresAt - issuedAt };
}

function readNotedTime({ lastRefresh }: AuthIdentity): number | undefined {
  const noted = Math.floor(Date.parse(lastRefresh ?? '') / 1000);
  return Number.isNaN(noted) ? undefined : noted;
}
