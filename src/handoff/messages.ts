import type { Refused } from '../accounts/choice.ts';
import { describeMark, type Mark } from '../accounts/marks.ts';
import { describeRoom, type Room } from '../accounts/usage.ts';
import { describeTime } from '../local-time.ts';
import type { AwaitedAccount, NoneLeft } from './accounts.ts';
import type { Cause, LeftAccount } from './states.ts';

/** One line for the scrollback: the account, its limit, the reset time, and the account that goes on. */
export function tellHandoff(from: string, to: string, mark: Mark, now: Date): string {
  return `codex-hotswap: ${from}: ${describeMark(mark)}${tellUntil(mark.until, now)}; going on under ${to}`;
}

/** A limit as a name in a prompt: our own words only, and no name that the service has given. */
export function nameLimit(mark: Mark | undefined): string {
  return LIMIT_NAMES[mark?.kind ?? 'unknown'];
}

const LIMIT_NAMES: Record<Mark['kind'], string> = {
  'window-5h': '5-hour limit',
  'window-weekly': 'weekly limit',
  'window-other': 'usage limit',
  'model-bucket': 'limit for this model',
  'workspace-credits': 'limit of the workspace’s credits',
  'spend-cap': 'spend cap',
  'not-in-plan': 'limit of the plan',
  'api-quota': 'API quota',
  reserve: 'limit of ordinary usage',
  'needs-login': 'end of the login',
  manual: 'usage limit',
  unknown: 'usage limit',
};

/** One line for the scrollback: the account has little left, and another account goes on before the limit. */
export function tellEarly(from: string, to: string, room: Room, onCredits = false): string {
  const why = onCredits
    ? 'its included usage is used up, and credits would pay'
    : describeRoom(room);
  return `codex-hotswap: ${from}: ${why}; going on under ${to}`;
}

/** The part of a line about a handoff that names what allows the account; '' for nothing. */
export function tellRule(rule: string | undefined): string {
  return rule === undefined ? '' : ` (${rule})`;
}

/** At exit, when the account could not work at the start, and no turn has succeeded. @param atLimit why. */
export function tellStart(atLimit: string): string {
  return `codex-hotswap: at the start of this session: ${atLimit}`;
}

/** At exit, when no other account could go on: the account, its limit, and the account that comes back first. */
export function tellExhausted(
  {
    target,
    mark,
    earliest,
    pinned,
    allowedBy,
    forbiddenBy,
    reasons = [],
  }: { target: string; mark: Mark } & NoneLeft,
  now: Date,
): string {
  const limit = `${target}: ${describeMark(mark)}${tellUntil(mark.until, now)}`;
  if (forbiddenBy !== undefined) {
    return `codex-hotswap: ${limit}; no other account goes on here: ${forbiddenBy}`;
  }
  if (pinned) return `codex-hotswap: ${limit}; it is pinned, so no other account goes on`;
  const back =
    earliest === undefined
      ? 'no account comes back by itself; see: codex-hotswap status'
      : `first back: ${earliest.target} at ${describeTime(earliest.until, now)}`;
  return `codex-hotswap: ${tellNoneUsable(reasons, allowedBy)} (${limit}); ${back}`;
}

/**
 * Why no account can be used: “every account is at its limit” only if so. A login that the user must renew is named with its
 * command. @param reasons of {@link chooseTarget}. @param allowedBy `the rule for ~/src/acme allows`.
 */
export function tellNoneUsable(reasons: readonly Refused[], allowedBy?: string): string {
  const unusable = reasons.flatMap(({ target, standing }) =>
    standing.kind === 'unusable' ? [{ target, ...standing }] : [],
  );
  const allowed = allowedBy === undefined ? '' : ` that ${allowedBy}`;
  const logins = unusable.filter(({ because }) => because === 'login');
  if (logins.length > 0) {
    const names = logins.map(
      ({ target, evidence, advice }) => `${target}: ${evidence}; run: ${advice}`,
    );
    return `no account${allowed} can be used: ${names.join('; ')}`;
  }
  const areOff = unusable.some(({ because }) => because === 'off');
  const on = areOff ? `${allowed === '' ? '' : ' and'} that is on` : '';
  return `every account${allowed}${on} is at its limit`;
}

/** The same for the window's title. */
export function titleExhausted(
  { earliest, allowedBy, forbiddenBy, reasons = [] }: NoneLeft,
  now: Date,
): string {
  if (forbiddenBy !== undefined) return 'no other account goes on here';
  const back =
    earliest === undefined
      ? ''
      : `; first back: ${earliest.target} at ${describeTime(earliest.until, now)}`;
  return `${tellNoneUsable(reasons, allowedBy)}${back}`;
}

/** The countdown, for the window's title. */
export function titleWaiting({ target, until }: AwaitedAccount, now: Date): string {
  const left = Math.max(0, until - Math.floor(now.getTime() / 1000));
  const when = `${describeTime(until, now)} (${tellSpan(left)})`;
  return `waiting for ${target} until ${when}, any key cancels`;
}

/** The account spends credits against the user's setting: at the end of the session, and for the title. */
export function tellUnwantedSpending(target: string): { summary: string; note: string } {
  const note = `${target} spends credits, because no other account can be used`;
  return { note, summary: `codex-hotswap: ${note}` };
}

/** One line on stderr for a command, which has no title: the account, its limit, and the account that is waited for. */
export function tellWaiting(
  target: string,
  mark: Mark,
  awaited: AwaitedAccount,
  { allowedBy, now }: { allowedBy: string | undefined; now: Date },
): string {
  const limit = `${target}: ${describeMark(mark)}`;
  return `codex-hotswap: ${tellNoneUsable([], allowedBy)} (${limit}); waiting for ${awaited.target} until ${describeTime(awaited.until, now)}`;
}

/** One line: the account that was waited for is back. */
export function tellBack(target: string): string {
  return `codex-hotswap: ${target} is back; going on under ${target}`;
}

/** One line on stderr: no account came back, and the wait ends. */
export function tellGaveUp(reason: string): string {
  return `codex-hotswap: stopped waiting for an account: ${reason}`;
}

/** "1 h 12 m", "12 m", "40 s". */
function tellSpan(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return hours === 0 ? `${rest} m` : `${hours} h ${rest} m`;
}

/** Why an account was left, for the line at the end of the session; '' when there is no reason to tell. */
export function tellWhyLeft(cause: Cause | undefined): string {
  if (cause?.kind === 'low') return describeRoom(cause.room);
  if (cause?.kind !== 'limit' || cause.mark === undefined) return '';
  const { mark } = cause;
  // With its day, as it is told to a reader of another day: the session may end on another day.
  const dayBefore = new Date(((mark.until ?? 0) - DAY_AND_HALF) * 1000);
  return describeMark(mark) + tellUntil(mark.until, dayBefore);
}

/** At exit, after a handoff: the accounts of the session in order. @param left the last ones that it has left. */
export function tellAccounts(left: readonly LeftAccount[], target: string): string {
  const shown = left
    .slice(-MOST_ACCOUNTS)
    .map(({ target: name, why }) => (why === '' ? name : `${name} (${why})`));
  const earlier = left.length > MOST_ACCOUNTS ? ['…'] : [];
  return `codex-hotswap: this session ran under ${[...earlier, ...shown, target].join(' → ')}`;
}

const MOST_ACCOUNTS = 6;
const DAY_AND_HALF = 36 * 3600;

/** At exit, when a handoff has failed: the command that resumes the thread by hand. */
export function tellResumeByHand(threadId: string): string {
  return `codex-hotswap: could not go on by itself; to continue, run: codex resume ${threadId}`;
}

function tellUntil(until: number | null, now: Date): string {
  return until === null ? '' : ` until ${describeTime(until, now)}`;
}

/** On stderr, when we cannot run a command again because it has read its stdin. */
export function tellRunAgain(from: string, to: string, mark: Mark, now: Date): string {
  return `codex-hotswap: ${from}: ${describeMark(mark)}${tellUntil(mark.until, now)}; its input from stdin cannot be read again; run the command again to use ${to}`;
}

/**
 * The last part of a line about a handoff: the background commands that ended with Codex; '' for none.
 * @param commands the names of programs. They may have any bytes.
 */
export function tellEnded(commands: readonly string[]): string {
  if (commands.length === 0) return '';
  const names = commands.slice(0, MOST_NAMES).map(printableName);
  const more = commands.length > MOST_NAMES ? `, and ${commands.length - MOST_NAMES} more` : '';
  return `; this ended ${countCommands(commands.length)} (${names.join(', ')}${more})`;
}

/** The same for the model, after the prompt of a resumed thread. It has no names: a program's name could hold a prompt. */
export function promptAboutEnded(count: number): string {
  return `The session was restarted, which ended ${countCommands(count)} that you had running; start again what is still needed.`;
}

function countCommands(count: number): string {
  return count === 1 ? '1 background command' : `${count} background commands`;
}

function printableName(name: string): string {
  return name.slice(0, MOST_NAME).replace(/[^\u0020-\u007e]/g, '?');
}

const MOST_NAMES = 3;
const MOST_NAME = 32;

/** One line: the account may not read all of the thread, so the session goes on in a copy. */
export function tellCopied(target: string, copy: string): string {
  return `codex-hotswap: ${target} may not read the reasoning of another account's model; going on in a copy of the thread, ${copy}`;
}

/** One line: the login of the next account could not be put into the overlay, so the account that ran goes on. */
export function tellNotMoved(target: string, to: string, reason: string): string {
  return `codex-hotswap: could not go on under ${to} (${reason}); the session stays under ${target}`;
}

/** One line without our name in front: the service refuses the account's refresh token. */
export function tellDeadLogin(target: string): string {
  return `${target} needs a new login (codex-hotswap login ${target}), so the next account is used`;
}
