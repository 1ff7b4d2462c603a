import { describeMark, MARK_KINDS } from '../../accounts/marks.ts';
import { describeRoom } from '../../accounts/usage.ts';
import { readTimestamp } from '../../codex/bounds.ts';
import { describeTime } from '../../local-time.ts';
import { attempt } from '../../state/attempt.ts';
import type { HotswapEvent } from '../../state/events.ts';
import type { LoggedEvent } from './read-event.ts';

/** One event as a sentence with its local time. Pure. */
export function describeEvent(logged: LoggedEvent, now: Date): string {
  const at = readTimestamp(logged.at);
  const time = at === undefined ? 'at some time' : describeTime(Math.floor(at / 1000), now);
  const sentence =
    logged.kind === 'known'
      ? sentenceOf(logged.event, now)
      : `${logged.type} ${attempt(() => JSON.stringify(logged.fields)) ?? '(nested too deep)'}`;
  return `${time}  ${sentence}`;
}

function sentenceOf(event: HotswapEvent, now: Date): string {
  switch (event.type) {
    case 'launch':
      return `started ${nameCommand(event.mode)} under ${event.target}${part(' in ', event.cwd)} (session directory ${event.slot})`;
    case 'client':
      return `serves ${event.name}`;
    case 'bound':
      return `${event.target} works on thread ${event.thread}`;
    case 'suspected':
      return `saw signs of a limit (${event.source}${part(', ', kindText(event.kind))})`;
    case 'confirmed': {
      const until = event.until === null ? undefined : describeTime(event.until, now);
      return `${event.target}: ${kindText(event.kind)}${part(', until ', until)}`;
    }
    case 'agent-refused': {
      const until = event.until === null ? undefined : describeTime(event.until, now);
      return `${event.target}: ${kindText(event.kind)}${part(', until ', until)}; it stopped the agent ${event.agentName ?? ''} [thread ${event.agent}]`;
    }
    case 'unconfirmed':
      return `found no limit behind the signs (${event.source}${part(', ', kindText(event.kind))})${part(': ', event.reason)}`;
    case 'rotated': {
      const cause = 'left' in event ? describeRoom(event) : kindText(event.kind);
      return `went from ${event.from} to ${event.to}: ${cause}${threadIn(event)}`;
    }
    case 'copied':
      return `${event.target} goes on with a copy of thread ${event.from} [thread ${event.to}]`;
    case 'exhausted': {
      const { target, until } = event.earliest ?? {};
      const back = until === undefined ? undefined : describeTime(until, now);
      return `no account is left after ${event.target}${part(`; ${target} is back at `, back)}`;
    }
    case 'waiting':
      return `waits for ${event.target} until ${describeTime(event.until, now)}`;
    case 'waited':
      return `${WAITED[event.outcome] ?? event.outcome} ${event.target}${part(': ', event.reason)}`;
    case 'resumed':
      return `resumed under ${event.target}${part(' after ', secondsOf(event.milliseconds))}${threadIn(event)}`;
    case 'retry':
      return `tried again (${event.attempt}): ${event.reason}${threadIn(event)}`;
    case 'needs-login':
      return `${event.target} needs a new login${part(': ', event.reason)}`;
    case 'refreshed':
      return `refreshed the access token of ${event.target} (${secondsOf(event.milliseconds)})`;
    case 'refresh-failed':
      return `could not refresh the access token of ${event.target}: ${event.reason}`;
    case 'ended':
      return `codex ended (${event.status})${threadIn(event)}`;
    case 'reclaimed':
      return `cleaned up after a session that was killed (pid ${event.pid})`;
    case 'adopted':
      return `moved ${event.entry} of a session to the Codex home: ${event.outcome}${part(' (the other file is kept as ', event.backup, ')')}`;
    case 'set-aside':
      return `set ${event.file} aside: ${event.reason}`;
    case 'notice':
      return event.message;
  }
}

function nameCommand(mode: string): string {
  return mode === 'exec' || mode === 'app-server' ? `codex ${mode}` : 'codex';
}

const WAITED: Record<string, string> = {
  back: 'can now go on under',
  ended: 'was told to wait no longer for',
  'gave-up': 'gave up waiting for',
};

/** A part of a sentence; '' when its text is missing. */
function part(before: string, text: string | undefined, after = ''): string {
  return text === undefined ? '' : before + text + after;
}

function threadIn({ thread }: { thread?: string }): string {
  return part(' [thread ', thread, ']');
}

function secondsOf(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : `${(milliseconds / 1000).toFixed(1)} s`;
}

function kindText(kind: string | undefined): string | undefined {
  const known = MARK_KINDS.find((candidate) => candidate === kind);
  return known === undefined ? kind : describeMark({ kind: known, until: null, at: 0 });
}
