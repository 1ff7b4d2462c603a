import { MOST, readEpochSeconds, readIsoTime, readText } from './bounds.ts';
import { defined, parseJson } from './json.ts';

/** Whose credentials an auth.json holds; no secret in it, so it may be logged and stored. */
export interface AuthIdentity {
  /** `chatgpt_user_id`; with `accountId` the unique key of a vault, as one user can hold several workspaces (1.7). */
  userId: string;
  /** `chatgpt_account_id`, the workspace. */
  accountId: string;
  email?: string;
  /** Open set: `plus`, `pro`, `team`, … (1.7). */
  plan?: string;
  authMode: string;
  /** Epoch seconds, from the access token's `exp`. */
  accessTokenExpiresAt?: number;
  /** Epoch seconds, from the access token's `iat`. */
  issuedAt?: number;
  /** Whether there is a refresh token, so that Codex can get a new access token. */
  canRefresh?: true;
  /** RFC 3339, as Codex wrote it. */
  lastRefresh?: string;
}

export type AuthProblem = 'not-json' | 'not-an-object' | 'no-credentials' | 'no-identity';

/**
 * Reads who an auth.json belongs to (facts 8, 9), leaving the rest of the file opaque.
 * Never throws; a problem is a fixed word, so that nothing of a broken file can reach a log.
 */
export function readAuthIdentity(content: string): AuthIdentity | { problem: AuthProblem } {
  const file = parseJson(content);
  if (file === undefined) return { problem: 'not-json' };
  if (!isRecord(file)) return { problem: 'not-an-object' };
  const authMode = text(file.auth_mode) ?? inferMode(file);
  if (authMode === undefined) return { problem: 'no-credentials' };
  if (authMode === 'apikey') return readApiKey(file);
  return readTokens(file, authMode);
}

/** The middle part of a JWT, unverified: we only ask the user's own file whose it is. */
function readJwtClaims(token: unknown): Record<string, unknown> {
  const payload = text(token)?.split('.')[1];
  if (payload === undefined) return {};
  const claims = parseJson(Buffer.from(payload, 'base64url').toString('utf8'));
  return isRecord(claims) ? claims : {};
}

// The order of Codex's own inference for files of the time before `auth_mode` (1.1).
function inferMode(file: Record<string, unknown>): string | undefined {
  if (text(file.personal_access_token) !== undefined) return 'personalAccessToken';
  if (isRecord(file.bedrock_api_key)) return 'bedrockApiKey';
  if (isRecord(file.bedrock_access_keys)) return 'bedrockAccessKeys';
  if (text(file.OPENAI_API_KEY) !== undefined) return 'apikey';
  return isRecord(file.tokens) ? 'chatgpt' : undefined;
}

// A key has no user. Keys are random and long, so a digest tells two apart and gives nothing away.
function readApiKey(file: Record<string, unknown>): AuthIdentity | { problem: AuthProblem } {
  const key = text(file.OPENAI_API_KEY);
  if (key === undefined) return { problem: 'no-credentials' };
  // Loaded here: it takes 4 ms, and few accounts are keys.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 12);
  return { userId: 'api-key', accountId: `key-${digest}`, authMode: 'apikey' };
}

function readTokens(
  file: Record<string, unknown>,
  authMode: string,
): AuthIdentity | { problem: AuthProblem } {
  const tokens = isRecord(file.tokens) ? file.tokens : {};
  const access = readJwtClaims(tokens.access_token ?? file.personal_access_token);
  const id = readJwtClaims(tokens.id_token);
  const auth = { ...nested(access, 'auth'), ...nested(id, 'auth') };
  const userId = text(auth.chatgpt_user_id) ?? text(auth.user_id);
  const accountId = text(tokens.account_id) ?? text(auth.chatgpt_account_id);
  if (text(tokens.access_token) === undefined && authMode === 'chatgpt') {
    return { problem: 'no-credentials' };
  }
  if (userId === undefined || accountId === undefined) return { problem: 'no-identity' };
  return {
    userId,
    accountId,
    authMode,
    ...defined({
      email: readText(id.email, MOST.email) ?? readText(nested(id, 'profile').email, MOST.email),
      plan: readText(auth.chatgpt_plan_type, MOST.name),
      accessTokenExpiresAt: readEpochSeconds(access.exp),
      issuedAt: readEpochSeconds(access.iat),
      canRefresh: text(tokens.refresh_token) === undefined ? undefined : (true as const),
      lastRefresh: readIsoTime(file.last_refresh),
    }),
  };
}

function nested(claims: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = claims[`https://api.openai.com/${name}`];
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
