/** Lines of a rollout as Codex writes them (fact 53). */
export function line(type: string, payload: object, at = '2026-11-20T10:00:00.123Z'): string {
  return JSON.stringify({ timestamp: at, type, payload });
}

export function event(payload: object, at?: string): string {
  return line('event_msg', payload, at);
}

export function sessionMeta(payload: object): string {
  return line('session_meta', { id: 'thread-1', cwd: '/repo', ...payload });
}

export function taskStarted(turnId: string, at?: string): string {
  return event({ type: 'task_started', turn_id: turnId }, at);
}

export function taskComplete(payload: object, at?: string): string {
  return event(
    { type: 'task_complete', turn_id: 'turn-1', last_agent_message: null, ...payload },
    at,
  );
}

export function tokenCount(limits: object, at?: string): string {
  return event({ type: 'token_count', info: null, rate_limits: limits }, at);
}
