import { describeMark } from '../accounts/choice.ts';
import type { Mark } from '../accounts/marks.ts';
import { describeRoom, type Room } from '../accounts/usage.ts';
import { toPlainText } from '../plain-text.ts';

/** One line for the scrollback: the account, its limit, the reset time, and the account that goes on. */
export function tellHandoff(from: string, to: string, mark: Mark, now: Date): string {
  return `codex-hotswap: ${from}: ${describeMark(mark)}${tellUntil(mark.until, now)}; going on under ${to}`;
}

/** One line for the scrollback: the account has little left, and another account goes on before the limit. */
export function tellEarly(from: string, to: string, room: Room): string {
  return `codex-hotswap: ${from}: ${describeRoom(room)}; going on under ${to}`;
}

/** At exit, when no account could take over: the account, its limit, and the account that comes back first. */
export function tellExhausted(
  facts: {
    target: string;
    mark: Mark;
    earliest?: { target: string; until: number };
    pinned?: boolean;
    forbiddenBy?: string;
  },
  now: Date,
): string {
  const { target, mark, earliest } = facts;
  const limit = `${target}: ${describeMark(mark)}${tellUntil(mark.until, now)}`;
  if (facts.forbiddenBy !== undefined) {
    return `codex-hotswap: ${limit}; no other account goes on here: ${facts.forbiddenBy}`;
  }
  if (facts.pinned) return `codex-hotswap: ${limit}; it is pinned, so no other account goes on`;
  const back =
    earliest === undefined
      ? 'no account comes back by itself; see: codex-hotswap status'
      : `first back: ${earliest.target} at ${tellTime(earliest.until, now)}`;
  return `codex-hotswap: every account is at its limit (${limit}); ${back}`;
}

/** The same for the window's title. Codex sets its own title again with its next turn. */
export function titleExhausted(
  facts: { earliest?: { target: string; until: number }; forbiddenBy?: string },
  now: Date,
): string {
  const { earliest } = facts;
  if (facts.forbiddenBy !== undefined)
    return '\u001b]0;codex: no other account goes on here\u001b\\';
  const back =
    earliest === undefined
      ? ''
      : `; first back: ${earliest.target} at ${tellTime(earliest.until, now)}`;
  return titleOf(`codex: every account is at its limit${back}`);
}

/** The countdown, in the window's title. @param awaited `until` in epoch seconds. */
export function titleWaiting({ target, until }: { target: string; until: number }, now: Date) {
  const left = Math.max(0, until - Math.floor(now.getTime() / 1000));
  const when = `${tellTime(until, now)} (${tellSpan(left)})`;
  return titleOf(`codex: waiting for ${target} until ${when}, any key cancels`);
}

/** The sequence that sets a window's title. No character of the text may end the sequence. */
function titleOf(text: string): string {
  return `\u001b]0;${toPlainText(text, LONGEST_TITLE)}\u001b\\`;
}

const LONGEST_TITLE = 250;

/** One line on stderr, where there is no title: the account, its limit, and the account that is waited for. */
export function tellWaiting(
  target: string,
  mark: Mark,
  awaited: { target: string; until: number },
  now: Date,
): string {
  const limit = `${target}: ${describeMark(mark)}`;
  return `codex-hotswap: every account is at its limit (${limit}); waiting for ${awaited.target} until ${tellTime(awaited.until, now)}`;
}

/** One line: the account that was waited for is back. */
export function tellBack(target: string): string {
  return `codex-hotswap: ${target} is back; going on under ${target}`;
}

/** One line on stderr: no account came back, and the wait ends. */
export function tellGaveUp(reason: string): string {
  return `codex-hotswap: not waiting any longer: ${reason}`;
}

/** "1 h 12 m", "12 m", "40 s". */
function tellSpan(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return hours === 0 ? `${rest} m` : `${hours} h ${rest} m`;
}

/** At exit, when the successor could not be started: the command that resumes the thread by hand. */
export function tellResumeByHand(threadId: string): string {
  return `codex-hotswap: could not go on by itself; to continue, run: codex resume ${threadId}`;
}

/** Local time: "3:40 PM" today, else "Sep 19, 2:20 PM". @param epochSeconds the moment. */
export function tellTime(epochSeconds: number, now: Date): string {
  const then = new Date(epochSeconds * 1000);
  const time: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' };
  const sameDay = then.toDateString() === now.toDateString();
  return then.toLocaleString('en-US', sameDay ? time : { month: 'short', day: 'numeric', ...time });
}

function tellUntil(until: number | null, now: Date): string {
  return until === null ? '' : ` until ${tellTime(until, now)}`;
}

/** On stderr, when we cannot run an exec again, as it has read its stdin. */
export function tellRunAgain(from: string, to: string, mark: Mark, now: Date): string {
  return `codex-hotswap: ${from}: ${describeMark(mark)}${tellUntil(mark.until, now)}; what it read from stdin is gone: run the command again to use ${to}`;
}

/**
 * The end of a line about a handoff: the background commands that ended with Codex; '' for none.
 * @param commands the names of programs, which may have any bytes.
 */
export function tellEnded(commands: readonly string[]): string {
  if (commands.length === 0) return '';
  const names = commands.slice(0, MOST_NAMES).map(printableName);
  const more = commands.length > MOST_NAMES ? `, and ${commands.length - MOST_NAMES} more` : '';
  return `; this ended ${countCommands(commands.length)} (${names.join(', ')}${more})`;
}

/** The same for a resumed thread, after its prompt. It has no text of others: only the count. */
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

/** One line, when the account may not read all of the thread: the original stays, and a copy goes on. */
export function tellCopied(target: string, copy: string): string {
  return `codex-hotswap: ${target} may not read what another account's model thought; going on in a copy of the thread, ${copy}`;
}

/** One line: the login of the next account could not be put in its place, so the account that ran goes on. */
export function tellNotMoved(target: string, to: string, reason: string): string {
  return `codex-hotswap: could not go on under ${to} (${reason}); this is ${target} again`;
}

/** One line: the service refuses the account's refresh token. */
export function tellDeadLogin(target: string): string {
  return `${target} needs a new login (codex-hotswap login ${target}), so the next account is used`;
}
