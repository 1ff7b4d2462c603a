import { expect, test } from 'vitest';
import type { AppServerReply } from '../../../src/codex/app-server.ts';
import { judgeRefresh } from '../../../src/launch/keep-token.ts';

const account = (value: unknown): AppServerReply => ({ ok: true, result: { account: value } });
const PERSON = { type: 'chatgpt', email: 'a@example.com' };

test.each([
  ['the vault has another text', account(PERSON), 'old', 'new', 'refreshed'],
  [
    '… although Codex gave no answer in time',
    { ok: false, message: 'late' },
    'old',
    'new',
    'refreshed',
  ],
  ['the service said no for good: Codex has no account', account(null), 'old', 'old', 'refused'],
  ['no network: Codex says nothing of it', account(PERSON), 'old', 'old', 'failed'],
  ['Codex could not be asked', { ok: false, message: 'gone' }, 'old', 'old', 'failed'],
  [
    '… or says why',
    {
      ok: false,
      message:
        'account/read failed: Your access token could not be refreshed because your refresh token was revoked. Please log out and sign in again.',
    },
    'old',
    'old',
    'refused',
  ],
  ['the vault was emptied meanwhile', account(null), 'old', '', 'failed'],
] as const)('%s', (_what, reply, before, after, kind) => {
  expect(judgeRefresh(reply, before, after).kind).toBe(kind);
});
