import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface RolloutLine {
  timestamp: string;
  type: string;
  payload: Record<string, unknown> & { type?: string };
}

export interface Rollout {
  file: string;
  threadId: string;
  lines: RolloutLine[];
  /** Payloads of the `event_msg` lines of that type, in order. */
  events(type: string): RolloutLine['payload'][];
}

/** All rollouts below a Codex home, oldest first (fact 53). */
export function readRollouts(codexHome: string): Rollout[] {
  const sessions = join(codexHome, 'sessions');
  if (!existsSync(sessions)) return [];
  return readdirSync(sessions, { recursive: true, encoding: 'utf8' })
    .filter((name) => /rollout-.*\.jsonl$/.test(name))
    .sort((a, b) => basename(a).localeCompare(basename(b)))
    .map((name) => readRollout(join(sessions, name)));
}

function readRollout(file: string): Rollout {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RolloutLine);
  return {
    file,
    threadId: /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/.exec(basename(file))?.[1] ?? '',
    lines,
    events: (type) =>
      lines
        .filter((line) => line.type === 'event_msg' && line.payload.type === type)
        .map((line) => line.payload),
  };
}
