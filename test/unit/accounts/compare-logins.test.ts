import { describe, expect, test } from 'vitest';
import { compareLogins } from '../../../src/accounts/compare-logins.ts';
import { forgeAuth } from '../state/scratch-home.ts';

const AT = 1_790_000_000;
const login = (issuedAt = AT, user = 'a') => forgeAuth({ user, account: `w-${user}`, issuedAt });

type Auth = { tokens: Record<string, unknown>; [field: string]: unknown };

function change(text: string, edit: (auth: Auth) => void): string {
  const auth = JSON.parse(text);
  edit(auth);
  return JSON.stringify(auth);
}

const apiKey = (key: string) => JSON.stringify({ auth_mode: 'apikey', OPENAI_API_KEY: key });
const noted = (issuedAt: number, lastRefresh: string) =>
  forgeAuth({ user: 'a', account: 'w-a', issuedAt, lastRefresh });
const turned = (text: string) => {
  const auth = JSON.parse(text);
  const tokens = Object.fromEntries(Object.entries(auth.tokens).reverse());
  return Object.fromEntries(Object.entries({ ...auth, tokens }).reverse());
};
const undated = (text: string) =>
  change(text, ({ tokens }) => {
    const [head, claims, end] = String(tokens.access_token).split('.');
    const { iat: _, ...rest } = JSON.parse(Buffer.from(claims ?? '', 'base64url').toString());
    tokens.access_token = `${head}.${Buffer.from(JSON.stringify(rest)).toString('base64url')}.${end}`;
  });
const otherTokens = (text: string) =>
  change(text, ({ tokens }) => {
    tokens.refresh_token = 'other';
    tokens.access_token = `${tokens.access_token}x`;
  });

describe('the same login, whatever the bytes are', () => {
  test.each<[string, string, string?]>([
    ['byte for byte', login()],
    ['formatted by jq', `${JSON.stringify(JSON.parse(login()), null, 2)}\n`],
    [
      'with CR LF and a tab',
      JSON.stringify(JSON.parse(login()), null, '\t').replaceAll('\n', '\r\n'),
    ],
    ['with the keys in another order', JSON.stringify(turned(login()))],
    ['with a key that Codex does not know', change(login(), (auth) => (auth.managed_by = 'stow'))],
    ['with an unknown key among the tokens', change(login(), ({ tokens }) => (tokens.scope = 'x'))],
    ['without a null key', change(login(), (auth) => delete auth.OPENAI_API_KEY)],
    ['with an empty key', change(login(), (auth) => (auth.OPENAI_API_KEY = ''))],
    ['without auth_mode', change(login(), (auth) => delete auth.auth_mode)],
    ['with last_refresh as a number', change(login(), (auth) => (auth.last_refresh = AT))],
    [
      'with a later last_refresh',
      change(login(), (auth) => (auth.last_refresh = '2030-01-01T00:00:00Z')),
    ],
    ['with another id token', change(login(), ({ tokens }) => delete tokens.id_token)],
    ['of an API key', `${JSON.stringify(JSON.parse(apiKey('sk-1')), null, 2)}\n`, apiKey('sk-1')],
  ])('%s', (_, text, other = login()) => {
    expect([compareLogins(text, other), compareLogins(other, text)]).toEqual(['same', 'same']);
  });
});

describe('which of two logins is newer', () => {
  const without = (text: string) => change(text, ({ tokens }) => delete tokens.refresh_token);
  test.each<[string, string, string]>([
    ['by the time of the service', login(AT + 1), login()],
    [
      'by the time of the service, not by the clock of a machine',
      noted(AT + 1, '2020-01-01T00:00:00Z'),
      noted(AT, '2030-01-01T00:00:00Z'),
    ],
    [
      'of one second: by last_refresh',
      otherTokens(noted(AT, '2026-11-21T03:00:01Z')),
      noted(AT, '2026-11-21T03:00:00Z'),
    ],
    ['that has a refresh token, too', login(), without(login())],
    ['that has an API key, too', change(login(), (auth) => (auth.OPENAI_API_KEY = 'k')), login()],
  ])('%s', (_, newer, older) => {
    expect([compareLogins(newer, older), compareLogins(older, newer)]).toEqual(['newer', 'older']);
  });

  test.each<[string, string, string]>([
    ['of one second', otherTokens(login()), login()],
    ['of which one has no time', otherTokens(undated(login())), login(AT + 1000)],
    ['without any time', otherTokens(undated(login())), undated(login())],
  ])('cannot be told of two logins %s', (_, text, other) => {
    const orders = [compareLogins(text, other), compareLogins(other, text)];
    expect(orders).toEqual(['unclear', 'unclear']);
  });

  test.each<[string, string, string]>([
    ['two accounts', login(AT, 'b'), login()],
    ['a login and broken text', login(), '{"tokens":'],
    ['a login and nothing', login(), ''],
    ['two API keys', apiKey('sk-1'), apiKey('sk-2')],
    ['two texts that are no login', '{}', '[]'],
  ])('is no question between %s', (_, text, other) => {
    const orders = [compareLogins(text, other), compareLogins(other, text)];
    expect(orders).toEqual(['strange', 'strange']);
  });
});
