import { appendFileSync, existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { ChildPlan } from '../../../../src/handoff/effects.ts';
import type { ExitStatus } from '../../../../src/pty/exit-status.ts';
import type { PtyChild } from '../../../../src/pty/spawn.ts';
import {
  event,
  sessionMeta,
  taskComplete,
  taskStarted,
  tokenCount,
} from '../../codex/rollout-lines.ts';

/** A Codex that does what the test says: what it prints, what its record tells, how it ends. */
export interface ScriptedChild {
  plan: ChildPlan;
  /** What it was given for input. */
  typed(): string;
  /** Signals, resizes, continuations and redraws, in order. */
  received: string[];
  print(text: string): void;
  /** Its first frame: bracketed paste is on, the cursor is in the composer. */
  draw(text?: string): void;
  /** A dialog hides the cursor; the end of it shows it again. */
  openDialog(text?: string): void;
  closeDialog(): void;
  /** Opens a thread. Its record is written with the first turn, as Codex does it, unless it has one already. */
  openThread(id?: string): void;
  /** Writes lines of a rollout, stamped with now. */
  record(...lines: string[]): void;
  beginTurn(id: string): void;
  answer(id: string, limits?: object): void;
  /** @param error null for Codex up to 0.144, which records none. */
  fail(id: string, error?: object | null, limits?: object): void;
  /** Ctrl-Z. */
  stop(): void;
  end(status?: ExitStatus): void;
  readonly isLiving: boolean;
  /** SIGTERM and SIGHUP do not end it. */
  isDeaf: boolean;
  rollouts(): string[];
  pty: PtyChild;
}

export const THREAD = '0190a000-0000-7000-8000-000000000001';
/** What a child has set in the terminal by its first frame, and what undoes it. */
export const MODES = { set: '\u001b[?2004h', undone: '\u001b[?2004l' };

const FRAME_END = '\u001b[?2026l';
/** The time that a child takes to end after a signal. */
const END_MS = 5;

/** @param directory where its rollouts are. */
export function createScriptedChild(
  plan: ChildPlan,
  pid: number,
  directory: string,
  note: (what: string) => void,
): ScriptedChild {
  const input: Buffer[] = [];
  const open: string[] = [];
  const on = {
    output: [] as ((chunk: Buffer) => void)[],
    pid: [] as ((pid: number) => void)[],
    stopped: [] as (() => void)[],
    end: [] as ((status: ExitStatus) => void)[],
  };
  let isLiving = true;
  let hasToldPid = false;

  function tellPid(): void {
    if (hasToldPid) return;
    hasToldPid = true;
    for (const listener of on.pid) listener(pid);
  }

  function receive(what: string): void {
    child.received.push(what);
    note(what);
  }

  const pty: PtyChild = {
    get pid() {
      return hasToldPid ? pid : undefined;
    },
    onOutput: (listener) => void on.output.push(listener),
    afterOutput: (listener) => void on.output.push(listener),
    onPid: (listener) => void on.pid.push(listener),
    onStopped: (listener) => void on.stopped.push(listener),
    onEnd: (listener) => void on.end.push(listener),
    write(data) {
      input.push(data);
      return true;
    },
    onDrain: () => undefined,
    pauseOutput: () => undefined,
    resumeOutput: () => undefined,
    resize: ({ columns, rows }) => receive(`size ${columns}x${rows}`),
    continueJob: () => receive('continue'),
    redraw: () => receive('redraw'),
    signal(signal) {
      receive(signal);
      if (child.isDeaf && signal !== 'SIGKILL') return;
      const status: ExitStatus = { kind: 'signalled', signal, number: constants.signals[signal] };
      setTimeout(() => child.end(status), END_MS);
    },
  };

  const child: ScriptedChild = {
    plan,
    pty,
    received: [],
    isDeaf: false,
    get isLiving() {
      return isLiving;
    },
    typed: () => Buffer.concat(input).toString('utf8'),
    rollouts: () => (isLiving ? open : []).filter(existsSync),
    print(text) {
      tellPid();
      for (const listener of on.output) listener(Buffer.from(text));
    },
    draw: (text = '') => child.print(`${MODES.set}${text}\u001b[?25h${FRAME_END}`),
    openDialog: (text = '') => child.print(`\u001b[?25l${text}${FRAME_END}`),
    closeDialog: () => child.print(`\u001b[?25h${FRAME_END}`),
    openThread(id = THREAD) {
      tellPid();
      const rollout = join(directory, `rollout-2026-11-20T10-00-00-${id}.jsonl`);
      open.push(rollout);
      if (!existsSync(rollout)) appendFileSync(rollout, `${sessionMeta({ id })}\n`);
    },
    record: (...lines) => appendFileSync(open.at(-1) as string, `${lines.join('\n')}\n`),
    beginTurn: (id) => child.record(taskStarted(id, now())),
    answer(id, limits) {
      if (limits !== undefined) child.record(tokenCount(limits, now()));
      child.record(taskComplete({ turn_id: id, last_agent_message: 'ok' }, now()));
    },
    fail(id, error = EXCEEDED, limits = FULL) {
      const why = error === null ? {} : { error };
      child.record(tokenCount(limits, now()), taskComplete({ turn_id: id, ...why }, now()));
    },
    stop() {
      for (const listener of on.stopped) listener();
    },
    end(status = { kind: 'exited', code: 0 }) {
      if (!isLiving) return;
      isLiving = false;
      for (const listener of on.end) listener(status);
    },
  };
  return child;
}

/** Of a turn that the limit ended. */
export const LIMIT = "You've hit your usage limit. Try again later.";
export const EXCEEDED = { message: LIMIT, codex_error_info: 'usage_limit_exceeded' };
/** A full 5-hour window. */
export const FULL = { primary: { used_percent: 100, window_minutes: 300 } };
/** An answer is in the record as one of these, too. */
export const said = (text: string): string =>
  JSON.stringify({
    timestamp: now(),
    type: 'response_item',
    payload: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
  });
export const goal = (): string =>
  event({ type: 'thread_goal_updated', goal: { status: 'active' } }, now());

function now(): string {
  return new Date().toISOString();
}
