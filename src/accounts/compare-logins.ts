import { readSecrets } from '../codex/auth-file.ts';
import { isApiKey, isSameIdentity, type Login, readLogin } from './login.ts';

/** How a login compares with another one; see {@link compareLogins}. */
export type LoginOrder = 'same' | 'newer' | 'older' | 'unclear' | 'strange';

/**
 * Compares the texts of two auth.json. Refresh tokens rotate (fact 15): the newest login of an account works, and an older
 * one may be refused. No other function decides which of two logins is newer.
 * @returns how `text` compares with `other`. `same` when both have the same secrets, whatever the bytes are. `newer` also
 * when `text` has all secrets of `other`, and one more. `unclear` for two different logins of one account when a time is
 * missing, or both are of the same second. `strange` for logins of two accounts, and when one text is no login.
 */
export function compareLogins(text: string, other: string): LoginOrder {
  if (text === other) return 'same';
  const [a, b] = [readLogin(text), readLogin(other)];
  if (a.kind === 'broken' || b.kind === 'broken') return 'strange';
  if (!isSameIdentity(a.login.identity, b.login.identity)) return 'strange';
  if (isApiKey(a.login.identity)) return 'same'; // the identity has a digest of the whole key
  return compareSecrets(readSecrets(text), readSecrets(other)) ?? compareTimes(a.login, b.login);
}

/** Whether `text` is the same login as `other`, or a newer login of the same account. */
export function isAsNew(text: string, other: string): boolean {
  return ['same', 'newer'].includes(compareLogins(text, other));
}

/** @returns undefined when each login has a secret that the other one has not. */
function compareSecrets(
  ours: ReadonlyMap<string, string>,
  theirs: ReadonlyMap<string, string>,
): LoginOrder | undefined {
  const [hasAllOfTheirs, areAllInTheirs] = [isWithin(theirs, ours), isWithin(ours, theirs)];
  if (hasAllOfTheirs) return areAllInTheirs ? 'same' : 'newer';
  return areAllInTheirs ? 'older' : undefined;
}

function isWithin(part: ReadonlyMap<string, string>, whole: ReadonlyMap<string, string>): boolean {
  return [...part].every(([name, secret]) => whole.get(name) === secret);
}

function compareTimes(a: Login, b: Login): LoginOrder {
  if (a.issuedAt === 0 || b.issuedAt === 0) return 'unclear';
  // The time of the service counts first: the clock of a machine may have been a year ahead.
  const ahead = a.issuedAt - b.issuedAt || (a.notedAt ?? 0) - (b.notedAt ?? 0);
  if (ahead === 0) return 'unclear';
  return ahead > 0 ? 'newer' : 'older';
}
