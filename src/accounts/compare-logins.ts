import { isApiKey, isSameIdentity, readLogin } from './login.ts';

/**
 * Compares the texts of two auth.json. Refresh tokens rotate (fact 15): the newest login of an account works, and an older
 * one may be refused.
 * @returns how `text` compares with `other`. `unclear` for two logins of one account that were made in the same second;
 * `strange` for logins of two accounts, and when one text is no login.
 */
export function compareLogins(
  text: string,
  other: string,
): 'same' | 'newer' | 'older' | 'unclear' | 'strange' {
  if (text === other) return 'same';
  const [a, b] = [readLogin(text), readLogin(other)];
  if (a.kind === 'broken' || b.kind === 'broken') return 'strange';
  if (!isSameIdentity(a.login.identity, b.login.identity)) return 'strange';
  if (isApiKey(a.login.identity)) return 'same'; // the identity has a digest of the whole key
  // The time of the service counts first: the clock of a machine may have been a year ahead.
  const ahead =
    a.login.issuedAt - b.login.issuedAt || (a.login.notedAt ?? 0) - (b.login.notedAt ?? 0);
  if (ahead === 0) return 'unclear';
  return ahead > 0 ? 'newer' : 'older';
}

/** Whether `text` is the same login as `other`, or a newer login of the same account. */
export function isAsNew(text: string, other: string): boolean {
  return ['same', 'newer'].includes(compareLogins(text, other));
}
