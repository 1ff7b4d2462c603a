import { MAX_LENGTH, readEpochSeconds, readIsoTime, readText } from './bounds.ts';
import { dropUndefined, parseJson, readObject, readString } from './json.ts';

/** The account of an auth.json. It has no secret, so it may be logged and stored. */
export interface AuthIdentity {
  /** `chatgpt_user_id`. One user may have several workspaces: with `accountId` it is the key of a vault (fact 9). */
  userId: string;
  /** `chatgpt_account_id`, the workspace. */
  accountId: string;
  email?: string;
  /** `plus`, `pro`, `team`, …; the service may add others. */
  plan?: string;
  authMode: string;
  /** Epoch seconds, from the access token's `exp`. */
  accessTokenExpiresAt?: number;
  /** Epoch seconds, from the access token's `iat`. */
  issuedAt?: number;
  /** The file has a refresh token, so Codex can get a new access token. */
  canRefresh?: true;
  /** RFC 3339, as Codex wrote it. */
  lastRefresh?: string;
}

export type AuthProblem = 'not-json' | 'not-an-object' | 'no-credentials' | 'no-identity';

/**
 * Reads the account of an auth.json (facts 8, 9). Never throws. A problem is one of four words, so a log never gets the
 * content of a broken file.
 */
export function readAuthIdentity(content: string): AuthIdentity | { problem: AuthProblem } {
  const parsed = parseJson(content);
  if (parsed === undefined) return { problem: 'not-json' };
  const file = readObject(parsed);
  if (file === undefined) return { problem: 'not-an-object' };
  const authMode = readString(file.auth_mode) ?? inferAuthMode(file);
  if (authMode === undefined) return { problem: 'no-credentials' };
  return authMode === 'apikey' ? readApiKey(file) : readTokens(file, authMode);
}

/**
 * The secrets of an auth.json by which Codex works, by their names (fact 8). Two files with equal secrets are one login, also
 * when other fields, their order or the white space differ. Never log them.
 * @returns an empty map for a text that is no JSON object.
 */
export function readSecrets(content: string): Map<string, string> {
  const file = readObject(parseJson(content)) ?? {};
  const tokens = readObject(file.tokens) ?? {};
  const { access_token, refresh_token } = tokens;
  const { OPENAI_API_KEY, personal_access_token, agent_identity } = file;
  const { bedrock_api_key, bedrock_access_keys } = file;
  const secrets = { access_token, refresh_token, OPENAI_API_KEY, personal_access_token };
  const others = { agent_identity, bedrock_api_key, bedrock_access_keys };
  const entries = Object.entries({ ...secrets, ...others })
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]): [string, string] => [name, JSON.stringify(sortKeys(value))]);
  return new Map(entries);
}

/** The same value, with the keys of each object in one order. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  const object = readObject(value);
  if (object === undefined) return value;
  const names = Object.keys(object).sort();
  return Object.fromEntries(names.map((name) => [name, sortKeys(object[name])]));
}

/** Old files have no `auth_mode`. Codex infers it in this order. */
function inferAuthMode(file: Json): string | undefined {
  if (readString(file.personal_access_token) !== undefined) return 'personalAccessToken';
  if (readObject(file.bedrock_api_key)) return 'bedrockApiKey';
  if (readObject(file.bedrock_access_keys)) return 'bedrockAccessKeys';
  if (readString(file.OPENAI_API_KEY) !== undefined) return 'apikey';
  return readObject(file.tokens) && 'chatgpt';
}

/** An API key names no user. Keys are random and long, so a digest identifies one and reveals nothing of it. */
function readApiKey(file: Json): AuthIdentity | { problem: AuthProblem } {
  const key = readString(file.OPENAI_API_KEY);
  if (key === undefined) return { problem: 'no-credentials' };
  // Not imported above: node:crypto takes 4 ms to load, and few logins are API keys.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 12);
  return { userId: 'api-key', accountId: `key-${digest}`, authMode: 'apikey' };
}

function readTokens(file: Json, authMode: string): AuthIdentity | { problem: AuthProblem } {
  const tokens = readObject(file.tokens) ?? {};
  const access = readJwtClaims(tokens.access_token ?? file.personal_access_token);
  const id = readJwtClaims(tokens.id_token);
  const auth = { ...readOpenaiClaim(access, 'auth'), ...readOpenaiClaim(id, 'auth') };
  const userId = readString(auth.chatgpt_user_id) ?? readString(auth.user_id);
  const accountId = readString(tokens.account_id) ?? readString(auth.chatgpt_account_id);
  if (readString(tokens.access_token) === undefined && authMode === 'chatgpt') {
    return { problem: 'no-credentials' };
  }
  if (userId === undefined || accountId === undefined) return { problem: 'no-identity' };
  const profile = readOpenaiClaim(id, 'profile');
  return {
    userId,
    accountId,
    authMode,
    ...dropUndefined({
      email: readText(id.email, MAX_LENGTH.email) ?? readText(profile?.email, MAX_LENGTH.email),
      plan: readText(auth.chatgpt_plan_type, MAX_LENGTH.name),
      accessTokenExpiresAt: readEpochSeconds(access.exp),
      issuedAt: readEpochSeconds(access.iat),
      canRefresh: readString(tokens.refresh_token) === undefined ? undefined : (true as const),
      lastRefresh: readIsoTime(file.last_refresh),
    }),
  };
}

/** The claims of a JWT, not verified: they only tell the account of the user's own file. */
function readJwtClaims(token: unknown): Json {
  const payload = readString(token)?.split('.')[1] ?? '';
  return readObject(parseJson(Buffer.from(payload, 'base64url').toString('utf8'))) ?? {};
}

function readOpenaiClaim(claims: Json, name: string): Json | undefined {
  return readObject(claims[`https://api.openai.com/${name}`]);
}

type Json = Record<string, unknown>;
