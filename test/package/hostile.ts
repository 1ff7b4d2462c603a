import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { createHome, forgeLogin } from './sandbox.ts';

const STATE = '.local/state/codex-hotswap';
const AT = '2026-11-20T10:00:00.000Z';
const THREAD = '019a0000-0000-7000-8000-000000000001';
const ROLLOUT = `.codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-${THREAD}.jsonl`;

type Home = ReturnType<typeof createHome>;
type Json = Record<string, unknown>;

/** The records that commands read, each with what a whole one looks like; `text` stands for every text of others. */
export function recordsOf(home: Home, text = 'x'): Record<string, Json> {
  const identity = { userId: 'user-ann', accountId: 'workspace-ann', email: text, plan: text };
  const rollout = home.path(ROLLOUT);
  return {
    [`${STATE}/accounts/acc1.json`]: {
      version: 1,
      target: 'acc1',
      identity,
      marks: [
        { kind: 'window-weekly', until: 1_900_000_000, at: 1_790_000_000, limitName: text },
        {
          kind: 'workspace-credits',
          until: null,
          at: 1_790_000_000,
          workspace: text,
          message: text,
        },
      ],
      usage: {
        source: 'live',
        capturedAt: 1_795_000_000,
        windows: [{ minutes: 300, usedPercent: 40, resetsAt: 1_900_000_000 }],
        plan: text,
        rollout: text,
        thread: text,
      },
    },
    [`${STATE}/current.json`]: { version: 1, current: 'acc1', previous: 'acc2' },
    [`${STATE}/shim.json`]: { shim: `/${text}`, startFile: `/${text}` },
    [`${STATE}/linked.json`]: { version: 1, homes: { [home.path('.codex')]: text } },
    [`${STATE}/renaming.json`]: {
      ...{ version: 1, pid: 1, startTime: text, table: text },
      ...{ from: { name: 'acc8', vault: '/v/8' }, to: { name: 'acc9', vault: '/v/9' } },
    },
    [`${STATE}/sessions/20261120T100000000Z-1.json`]: {
      version: 1,
      launch: '20261120T100000000Z-1',
      state: 'bound',
      pid: process.pid,
      cwd: text,
      args: [text],
      mode: 'interactive',
      startedAt: AT,
      thread: THREAD,
      rollout,
      segments: [
        {
          ...{ target: 'acc1', identity: { userId: text, accountId: text }, from: AT },
          ...{ thread: THREAD, rollout, copyOf: text, firstTokenCountAt: AT, lastTokenCountAt: AT },
        },
      ],
    },
    [`${STATE}/sessions/20261120T100000000Z-2.json`]: {
      ...{ version: 1, launch: '20261120T100000000Z-2', state: 'ended', pid: 7, cwd: text },
      ...{ mode: 'app-server', client: text },
      ...{ startedAt: AT, endedAt: AT, thread: text, rollout: text },
      segments: [{ target: 'acc2', from: AT, to: AT, thread: text, rollout: text }],
    },
  };
}

/** An event of each type, and one of a newer version. */
export function eventsOf(text: string): Json[] {
  const all: Record<string, Json> = {
    launch: { mode: text, target: text, slot: 1, cwd: text },
    bound: { thread: text, target: text },
    suspected: { thread: text, source: text, kind: text },
    confirmed: { thread: text, target: text, kind: text, until: 1_800_000_000 },
    'agent-refused': {
      ...{ agent: text, agentName: text, thread: text },
      ...{ target: text, kind: text, until: 1_800_000_000 },
    },
    unconfirmed: { thread: text, source: text, kind: text, reason: text },
    rotated: { thread: text, from: text, to: text, kind: text, left: 3, minutes: 300 },
    exhausted: { target: text, earliest: { target: text, until: 1_800_000_000 } },
    waiting: { target: text, until: 1_800_000_000 },
    client: { name: text },
    waited: { target: text, outcome: text, reason: text },
    copied: { target: text, from: text, to: text },
    resumed: { thread: text, target: text, milliseconds: 700 },
    retry: { thread: text, reason: text, attempt: 1 },
    'needs-login': { target: text, reason: text },
    refreshed: { target: text, milliseconds: 500 },
    'refresh-failed': { target: text, reason: text },
    ended: { status: text, target: text, thread: text },
    reclaimed: { slot: 1, pid: 7 },
    adopted: { slot: 1, entry: text, outcome: text, backup: text },
    'set-aside': { file: text, reason: text },
    notice: { message: text },
    [`newer ${text}`]: { [text]: text },
  };
  return Object.entries(all).map(([type, fields]) => ({ at: AT, launch: text, type, ...fields }));
}

/** The lines of a rollout whose texts are all that one. */
export function rolloutOf(text: string): Json[] {
  const line = (type: string, payload: Json) => ({ timestamp: AT, type, payload });
  const event = (payload: Json) => line('event_msg', payload);
  const limits = {
    primary: { used_percent: 100, window_minutes: 300, resets_at: 1_800_000_000 },
    ...{ limit_id: text, limit_name: text, plan_type: text, rate_limit_reached_type: text },
  };
  const failed = (info: unknown) =>
    event({
      ...{ type: 'task_complete', turn_id: text },
      error: { message: `${text} usage limit`, codex_error_info: info },
    });
  const begun = event({ type: 'task_started', turn_id: text });
  return [
    line('session_meta', {
      ...{ id: THREAD, cwd: text, source: text, cli_version: text, session_id: text },
      ...{ account_scoped: true, creator_user_id: text, creator_account_id: text },
    }),
    line('session_meta', {
      ...{ id: THREAD, session_id: text },
      source: { subagent: { thread_spawn: { agent_path: text, agent_nickname: text } } },
    }),
    line('turn_context', { turn_id: text, model: text, effort: text, cwd: text }),
    event({ type: 'user_message', message: text }),
    ...[begun, event({ type: 'token_count', rate_limits: limits }), failed('usage_limit_exceeded')],
    ...[begun, failed(text)],
    ...[begun, failed({ [text]: 1 })],
    ...[begun, event({ type: 'turn_aborted', turn_id: text, reason: text })],
  ];
}

/** A codex whose every word is that text: its version, its features, and what its app-server answers. */
const codexSaying = (text: string) => `#!/usr/bin/env node
const text = ${JSON.stringify(text)};
if (process.argv[2] !== 'app-server') {
  process.stdout.write(text + '\\n');
} else {
  const limits = {
    primary: { usedPercent: 100, windowDurationMins: 300, resetsAt: 1800000000 },
    planType: text,
    rateLimitReachedType: text,
  };
  const replies = {
    initialize: { result: {} },
    'account/read': { result: { account: { email: text, planType: text } } },
    'account/rateLimits/read': process.env.REFUSED
      ? { error: { message: text } }
      : { result: { rateLimits: limits } },
  };
  const lines = require('node:readline').createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const { id, method } = JSON.parse(line);
    if (id !== undefined) process.stdout.write(JSON.stringify({ id, ...replies[method] }) + '\\n');
  });
}
`;

/** An auth.json whose e-mail and plan are that text. */
function loginSaying(who: string, text: string): string {
  const login = JSON.parse(forgeLogin(who));
  const [head, claims, end] = login.tokens.id_token.split('.');
  const told = JSON.parse(Buffer.from(claims, 'base64url').toString());
  told.email = text;
  told['https://api.openai.com/auth'].chatgpt_plan_type = text;
  const token = [head, Buffer.from(JSON.stringify(told)).toString('base64url'), end].join('.');
  login.tokens.id_token = token;
  login.tokens.access_token = token;
  return JSON.stringify(login);
}

export const CONFIG = JSON.stringify({ version: 1, targets: [{ name: 'acc1' }, { name: 'acc2' }] });

/** Two targets, every record in its place, and a text of others wherever one can stand. */
export function furnishHome(text = 'x'): Home {
  const home = createHome();
  home.write('.config/codex-hotswap/config.json', CONFIG);
  home.write('.codex-acc1/auth.json', loginSaying('ann', text));
  home.write('.codex-acc2/auth.json', loginSaying('bob', text));
  home.write('logins/cyd', loginSaying('cyd', text));
  home.write('programs/codex', codexSaying(text), 0o755);
  // A name may have 255 bytes, none of them 0 or a slash; TOML has no halves of surrogate pairs.
  const name = [...text.replace(/[\0/\ud800-\udfff]/g, '')].slice(0, 60).join('');
  home.write(`${STATE}/runtime/slot-1/${name}`, '');
  home.write(
    `${STATE}/runtime/slot-1.side/home.json`,
    JSON.stringify({ sharedHome: home.path('.codex') }),
  );
  home.write(`${STATE}/orphans/${name}`, loginSaying('dan', text));
  const toml = JSON.stringify(text.replace(/[\ud800-\udfff]/g, ''));
  const keys = ['model_provider', 'cli_auth_credentials_store', 'sqlite_home'];
  home.write('.codex/config.toml', keys.map((key) => `${key} = ${toml}\n`).join(''));
  symlinkSync(home.path('.codex-acc1/auth.json'), home.path('.codex/auth.json'));
  for (const [file, value] of Object.entries(recordsOf(home, text))) {
    home.write(file, JSON.stringify(value));
  }
  home.write(`${STATE}/events.jsonl`, linesOf(eventsOf(text)));
  home.write(ROLLOUT, linesOf(rolloutOf(text)));
  return home;
}

/** Files that commands read, whose content others may have written. */
export function filesOf(home: Home): string[] {
  return [
    ...Object.keys(recordsOf(home)),
    ...[`${STATE}/events.jsonl`, `${STATE}/events.jsonl.1`, ROLLOUT],
    ...['.config/codex-hotswap/config.json', '.codex/config.toml', '.codex/auth.json'],
    ...['.codex-acc1/auth.json', '.codex-acc2/auth.json'],
    ...[`${STATE}/orphans/some`, `${STATE}/runtime/slot-1.side/home.json`, `${STATE}/disabled`],
    ...['.codex/app-server-daemon/daemon.pid', '.codex/hooks.json'],
  ];
}

export const linesOf = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** Puts something else in the place of a file. */
export function replace(home: Home, file: string, put: (path: string) => void): void {
  rmSync(home.path(file), { recursive: true, force: true });
  mkdirSync(home.path(file, '..'), { recursive: true, mode: 0o700 });
  put(home.path(file));
}

export { ROLLOUT, STATE };
