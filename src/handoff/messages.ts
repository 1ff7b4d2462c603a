import { describeMark } from '../accounts/choice.ts';
import type { Mark } from '../accounts/marks.ts';
import { describeRoom, type Room } from '../accounts/usage.ts';
import { toPlainText } from '../plain-text.ts';

/** One line for the scrollback: which account ran out of what, until when, and who goes on. */
export function tellHandoff(from: string, to: string, mark: Mark, now: Date): string {
  return `codex-hotswap: ${from}: ${describeMark(mark)}${tellUntil(mark.until, now)}; going on under ${to}`;
}

/** One line for the scrollback: little is left, and another account goes on before the limit. */
export function tellEarly(from: string, to: string, room: Room): string {
  return `codex-hotswap: ${from}: ${describeRoom(room)}; going on under ${to}`;
}

/** At exit, when nobody could take over: who ran out, and who is back first. */
export function tellExhausted(
  facts: {
    target: string;
    mark: Mark;
    earliest?: { target: string; until: number };
    pinned?: boolean;
    barred?: string;
  },
  now: Date,
): string {
  const { target, mark, earliest } = facts;
  const limit = `${target}: ${describeMark(mark)}${tellUntil(mark.until, now)}`;
  if (facts.barred !== undefined) {
    return `codex-hotswap: ${limit}; no other account goes on here: ${facts.barred}`;
  }
  if (facts.pinned) return `codex-hotswap: ${limit}; it is pinned, so no other account goes on`;
  const back =
    earliest === undefined
      ? 'no account comes back by itself; see: codex-hotswap status'
      : `first back: ${earliest.target} at ${tellTime(earliest.until, now)}`;
  return `codex-hotswap: every account is at its limit (${limit}); ${back}`;
}

/** The same for the window's title, which Codex takes back with its next turn. */
export function titleExhausted(
  facts: { earliest?: { target: string; until: number }; barred?: string },
  now: Date,
): string {
  const { earliest } = facts;
  if (facts.barred !== undefined) return '\u001b]0;codex: no other account goes on here\u001b\\';
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

/** The sequence that sets a window's title: nothing in the text may end it. */
function titleOf(text: string): string {
  return `\u001b]0;${toPlainText(text, LONGEST_TITLE)}\u001b\\`;
}

const LONGEST_TITLE = 250;

/** One line on stderr, where there is no title: who ran out, and who is waited for. */
export function tellWaiting(
  target: string,
  mark: Mark,
  awaited: { target: string; until: number },
  now: Date,
): string {
  const limit = `${target}: ${describeMark(mark)}`;
  return `codex-hotswap: every account is at its limit (${limit}); waiting for ${awaited.target} until ${tellTime(awaited.until, now)}`;
}

/** One line: the account that was waited for is there again. */
export function tellBack(target: string): string {
  return `codex-hotswap: ${target} is back; going on under ${target}`;
}

/** One line on stderr: nothing came of the waiting. */
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

/** At exit, when the successor could not be started: the command that goes on by hand. */
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

/** On stderr, when an exec cannot be started again by us: what it read from stdin is gone. */
export function tellRunAgain(from: string, to: string, mark: Mark, now: Date): string {
  return `codex-hotswap: ${from}: ${describeMark(mark)}${tellUntil(mark.until, now)}; what it read from stdin is gone: run the command again to use ${to}`;
}

/**
 * The end of a line about a handoff: what ended with the Codex that ran; '' for nothing.
 * @param commands the names of programs, which are whatever their owners called them.
 */
export function tellEnded(commands: readonly string[]): string {
  if (commands.length === 0) return '';
  const names = commands.slice(0, MOST_NAMES).map(printableName);
  const more = commands.length > MOST_NAMES ? `, and ${commands.length - MOST_NAMES} more` : '';
  return `; this ended ${countCommands(commands.length)} (${names.join(', ')}${more})`;
}

/** What a resumed thread is told about it, after its prompt: no word of it is anybody else's. */
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

/** One line, when another account may not read all of a thread: the original stays, and a copy goes on. */
export function tellCopied(target: string, copy: string): string {
  return `codex-hotswap: ${target} may not read what another account's model thought; going on in a copy of the thread, ${copy}`;
}

/** The login of the next account could not be put in its place; the user is where they were. */
export function tellNotMoved(target: string, to: string, reason: string): string {
  return `codex-hotswap: could not go on under ${to} (${reason}); this is ${target} again`;
}

/** An account whose refresh token the service takes no more. */
export function tellDeadLogin(target: string): string {
  return `${target} needs a new login (codex-hotswap login ${target}), so the next account is used`;
}
