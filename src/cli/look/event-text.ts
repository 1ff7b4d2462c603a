import { describeMark } from '../../accounts/choice.ts';
import { MARK_KINDS } from '../../accounts/marks.ts';
import { describeRoom } from '../../accounts/usage.ts';
import { readTimestamp } from '../../codex/bounds.ts';
import type { HotswapEvent } from '../../state/events.ts';
import { describeTime } from '../time-text.ts';
import type { LoggedEvent } from './read-event.ts';

/** One event as a sentence with its local time. Pure. */
export function describeEvent(logged: LoggedEvent, now: Date): string {
  const at = readTimestamp(logged.at);
  const time = at === undefined ? 'at some time' : describeTime(Math.floor(at / 1000), now);
  const sentence =
    logged.kind === 'known'
      ? sentenceOf(logged.event, now)
      : `${logged.type} ${describeFields(logged.fields)}`;
  return `${time}  ${sentence}`;
}

function sentenceOf(event: HotswapEvent, now: Date): string {
  switch (event.type) {
    case 'launch':
      return `started ${event.mode === 'exec' ? 'codex exec' : 'codex'} under ${event.target}${
        event.cwd === undefined ? '' : ` in ${event.cwd}`
      } (slot ${event.slot})`;
    case 'bound':
      return `${event.target} works on thread ${event.thread}`;
    case 'suspected':
      return `saw signs of a limit (${event.source}${kindIn(event.kind)})`;
    case 'confirmed':
      return `${event.target}: ${kindText(event.kind)}${
        event.until === null ? '' : `, until ${describeTime(event.until, now)}`
      }`;
    case 'unconfirmed':
      return `took the signs of a limit for something else (${event.source}${kindIn(event.kind)})${
        event.reason === undefined ? '' : `: ${event.reason}`
      }`;
    case 'rotated':
      return `went from ${event.from} to ${event.to}: ${
        'left' in event ? describeRoom(event) : kindText(event.kind)
      }${threadIn(event.thread)}`;
    case 'copied':
      return `${event.target} goes on with a copy of thread ${event.from} [thread ${event.to}]`;
    case 'exhausted':
      return `no target is left after ${event.target}${
        event.earliest === undefined
          ? ''
          : `; ${event.earliest.target} is back at ${describeTime(event.earliest.until, now)}`
      }`;
    case 'waiting':
      return `waits for ${event.target} until ${describeTime(event.until, now)}`;
    case 'waited':
      return `${WAITED[event.outcome] ?? event.outcome} ${event.target}${
        event.reason === undefined ? '' : `: ${event.reason}`
      }`;
    case 'resumed':
      return `resumed under ${event.target}${
        event.milliseconds === undefined ? '' : ` after ${(event.milliseconds / 1000).toFixed(1)} s`
      }${threadIn(event.thread)}`;
    case 'retry':
      return `tried again (${event.attempt}): ${event.reason}${threadIn(event.thread)}`;
    case 'needs-login':
      return `${event.target} needs a new login${event.reason === undefined ? '' : `: ${event.reason}`}`;
    case 'refreshed':
      return `refreshed the access token of ${event.target} (${(event.milliseconds / 1000).toFixed(1)} s)`;
    case 'refresh-failed':
      return `could not refresh the access token of ${event.target}: ${event.reason}`;
    case 'ended':
      return `codex ended (${event.status})${threadIn(event.thread)}`;
    case 'reclaimed':
      return `took back slot ${event.slot} of a session that was killed (pid ${event.pid})`;
    case 'adopted':
      return `brought ${event.entry} home from slot ${event.slot}: ${event.outcome}${
        event.backup === undefined ? '' : ` (the other is kept as ${event.backup})`
      }`;
    case 'set-aside':
      return `set ${event.file} aside: ${event.reason}`;
    case 'notice':
      return event.message;
  }
}

const WAITED: Record<string, string> = {
  back: 'found something left of',
  ended: 'was told to wait no longer for',
  'gave-up': 'gave up waiting for',
};

function describeFields(fields: Record<string, unknown>): string {
  try {
    return JSON.stringify(fields);
  } catch {
    return '(not to be shown)'; // nested too deep
  }
}

function kindText(kind: string): string {
  const known = MARK_KINDS.find((candidate) => candidate === kind);
  return known === undefined ? kind : describeMark({ kind: known, until: null, at: 0 });
}

function kindIn(kind: string | undefined): string {
  return kind === undefined ? '' : `, ${kindText(kind)}`;
}

function threadIn(thread: string | undefined): string {
  return thread === undefined ? '' : ` [thread ${thread}]`;
}
