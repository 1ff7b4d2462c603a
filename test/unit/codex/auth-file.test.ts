import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAuthIdentity } from '../../../src/codex/auth-file.ts';

function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.c2ln`;
}

const AUTH = 'https://api.openai.com/auth';
const CHATGPT = {
  OPENAI_API_KEY: null,
  tokens: {
    id_token: jwt({
      email: 'a@example.com',
      [AUTH]: { chatgpt_plan_type: 'plus', chatgpt_user_id: 'user-1', chatgpt_account_id: 'ws-1' },
    }),
    access_token: jwt({ exp: 2_000_000_000, iat: 1_900_000_000 }),
    refresh_token: 'secret-refresh',
    account_id: 'ws-1',
  },
  last_refresh: '2026-11-20T10:00:00Z',
};

describe('readAuthIdentity', () => {
  test('a ChatGPT login', () => {
    expect(readAuthIdentity(JSON.stringify(CHATGPT))).toEqual({
      userId: 'user-1',
      accountId: 'ws-1',
      email: 'a@example.com',
      plan: 'plus',
      authMode: 'chatgpt',
      accessTokenExpiresAt: 2_000_000_000,
      issuedAt: 1_900_000_000,
      canRefresh: true,
      lastRefresh: '2026-11-20T10:00:00Z',
    });
  });

  test('older and sparser claims', () => {
    const tokens = {
      id_token: jwt({
        'https://api.openai.com/profile': { email: 'b@example.com' },
        [AUTH]: { user_id: 'user-2', chatgpt_account_id: 'ws-2' },
      }),
      access_token: 'opaque',
      refresh_token: 'r',
    };
    expect(readAuthIdentity(JSON.stringify({ auth_mode: 'chatgpt', tokens }))).toEqual({
      userId: 'user-2',
      accountId: 'ws-2',
      email: 'b@example.com',
      authMode: 'chatgpt',
      canRefresh: true,
    });
  });

  test('one user in two workspaces is two identities', () => {
    const other = { ...CHATGPT, tokens: { ...CHATGPT.tokens, account_id: 'ws-9' } };
    expect(readAuthIdentity(JSON.stringify(other))).toMatchObject({
      userId: 'user-1',
      accountId: 'ws-9',
    });
  });

  test('an API key', () => {
    const identity = readAuthIdentity(JSON.stringify({ OPENAI_API_KEY: 'sk-very-secret-1234' }));
    expect(identity).toMatchObject({ authMode: 'apikey', userId: 'api-key' });
    expect(JSON.stringify(identity)).not.toContain('secret');
  });

  test.each([
    ['', 'not-json'],
    ['{"tokens":', 'not-json'],
    ['[]', 'not-an-object'],
    ['null', 'not-an-object'],
    ['{}', 'no-credentials'],
    ['{"tokens":null,"OPENAI_API_KEY":null}', 'no-credentials'],
    ['{"tokens":{}}', 'no-credentials'],
    ['{"tokens":{"access_token":"x","id_token":"y"}}', 'no-identity'],
    ['{"tokens":{"access_token":"a.!!!.c","id_token":"a.bnVsbA.c"}}', 'no-identity'],
    ['{"auth_mode":"agentIdentity"}', 'no-identity'],
  ])('%s → %s', (content, problem) => {
    expect(readAuthIdentity(content)).toEqual({ problem });
  });

  test('garbage never throws and no secret ever leaks', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((v) => JSON.stringify({ tokens: v })),
        ),
        (content) => {
          expect(readAuthIdentity(content)).toBeTypeOf('object');
        },
      ),
    );
    const identity = JSON.stringify(readAuthIdentity(JSON.stringify(CHATGPT)));
    expect(identity).not.toContain('secret-refresh');
    expect(identity).not.toContain(CHATGPT.tokens.access_token);
  });
});
