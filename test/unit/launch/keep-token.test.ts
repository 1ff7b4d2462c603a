import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AppServerReply } from '../../../src/codex/app-server.ts';
import { judgeRefresh, keepToken } from '../../../src/launch/keep-token.ts';
import { validateConfig } from '../../../src/state/config.ts';
import { writeConfig } from '../../../src/state/config-store.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

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

/** An app-server that refreshes only when it is told to, as that of Codex 0.130 does; writes down what it is asked. */
const OBEDIENT_SERVER = `#!/bin/sh
home=$(dirname "$0")
while read -r line; do
  case "$line" in
    *initialized*) ;;
    *initialize*) echo '{"id":0,"result":{}}' ;;
    *account/read*)
      printf '%s\\n' "$line" >> "$home/asked"
      case "$line" in *'"refreshToken":true'*) cp "$home/renewed.json" "$CODEX_HOME/auth.json" ;; esac
      echo '{"id":1,"result":{"account":{"type":"chatgpt","email":"user-1@example.com"}}}' ;;
  esac
done
`;

test('a Codex that leaves a token in its last minutes alone is told to refresh it', async () => {
  const paths = makeScratchHome();
  const [real, vault] = [join(paths.home, 'codex'), join(paths.home, '.codex-acc1')];
  writeFileSync(real, OBEDIENT_SERVER, { mode: 0o755 });
  mkdirSync(vault, { mode: 0o700 });
  const nowSeconds = Math.floor(Date.now() / 1000);
  const renewed = forgeAuth({ issuedAt: nowSeconds });
  writeFileSync(join(paths.home, 'renewed.json'), renewed);
  // Its token has lived for 10 days less a minute.
  const dying = forgeAuth({ issuedAt: nowSeconds - 864_000 + 60 });
  writeFileSync(join(vault, 'auth.json'), dying, { mode: 0o600 });
  await writeConfig(paths, validateConfig({ version: 1, targets: [{ name: 'acc1' }] }, paths));

  await keepToken({ name: 'acc1', real }, { HOME: paths.home, PATH: process.env.PATH });
  expect(readFileSync(join(vault, 'auth.json'), 'utf8')).toBe(renewed);
  const asked = readFileSync(join(paths.home, 'asked'), 'utf8').trim().split('\n');
  expect(asked.map((line) => JSON.parse(line).params)).toEqual([
    { refreshToken: false },
    { refreshToken: true },
  ]);
});
