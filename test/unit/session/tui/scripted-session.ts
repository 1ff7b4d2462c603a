import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import type { Mark } from '../../../../src/accounts/marks.ts';
import type { HandoffAccounts } from '../../../../src/handoff/accounts.ts';
import type { ChildPlan } from '../../../../src/handoff/effects.ts';
import type { Ending } from '../../../../src/handoff/states.ts';
import { followThreads } from '../../../../src/session/tui/follow-threads.ts';
import { runTuiSession } from '../../../../src/session/tui/run-tui-session.ts';
import type { TuiSessionParts } from '../../../../src/session/tui/tui-session.ts';
import type { Logged } from '../../../../src/state/events.ts';
import { catchUncaught } from '../../../../src/state/uncaught-errors.ts';
import type { Size, Terminal } from '../../../../src/terminal/terminal.ts';
import { makeScratchHome } from '../../state/scratch-home.ts';
import { createScriptedChild, type ScriptedChild } from './scripted-child.ts';

export const ALERT = '<alert>';
/** Where the clock stands when a session begins. */
export const START = new Date('2026-11-20T10:00:00Z');
export const NOW_SECONDS = START.getTime() / 1000;

const STEP_MS = 10;
const PATIENCE_MS = 5000;

export interface SessionOptions {
  /** In order; the first is the one that runs. */
  accounts?: string[];
  /** What the accounts of the session do otherwise than the scripted ones. */
  handoffAccounts?: Partial<HandoffAccounts>;
  resumePlan?: TuiSessionParts['resumePlan'];
  spawn?: (plan: ChildPlan, spawn: () => ScriptedChild) => ScriptedChild;
  prompt?: string;
  /** What every child has running in the background. */
  commands?: string[];
  wait?: TuiSessionParts['wait'];
  alert?: TuiSessionParts['alert'];
  atLimit?: string;
  /** Default `plain`: a test that compares the output has no titles in it. */
  title?: TuiSessionParts['title'];
  /** When the first account comes back by itself, epoch seconds. */
  earliest?: { target: string; until: number };
}

/**
 * A session with a scripted Codex, a terminal and a desk that write down what is asked of them, real rollouts, and a
 * clock that stands still until the test moves it on.
 */
export function openSession(options: SessionOptions = {}) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: START });
  onTestFinished(() => void vi.useRealTimers());
  const directory = join(makeScratchHome().sharedHome, 'sessions', '2026', '11', '20');
  mkdirSync(directory, { recursive: true });

  /** What was done, in order. */
  const trace: string[] = [];
  const note = (what: string) => void trace.push(what);
  const events: Logged[] = [];
  const told: string[] = [];
  const children: ScriptedChild[] = [];
  const threads: string[] = [];
  const looks = new Set<Promise<unknown>>();
  const terminal = createFakeTerminal(note);
  const accounts = createFakeAccounts(options, note);
  let relayed: ((signal: NodeJS.Signals, number: number) => void) | undefined;

  const session = runTuiSession({
    terminal: terminal.face,
    accounts,
    spawn(plan) {
      const spawn = () => createScriptedChild(plan, 1000 + children.length, directory, note);
      note(`start ${plan.args.join(' ')}`);
      const child = options.spawn?.(plan, spawn) ?? spawn();
      children.push(child);
      return child.pty;
    },
    firstPlan: planOf('first'),
    resumePlan:
      options.resumePlan ??
      (async ({ id }, prompt = options.prompt ?? 'continue') => planOf('resume', id, prompt)),
    againPlan: async () => planOf('first'),
    prompt: options.prompt ?? 'continue',
    recordChild: () => undefined,
    recordThread: ({ id, copyOf }) =>
      threads.push(copyOf === undefined ? id : `${id} of ${copyOf}`),
    accountCount: (options.accounts ?? ACCOUNTS).length,
    log: (event) => void events.push(event),
    alert: options.alert ?? (() => ALERT),
    title: options.title ?? 'plain',
    ...(options.atLimit === undefined ? {} : { atLimit: options.atLimit }),
    ...(options.wait === undefined ? {} : { wait: options.wait }),
    // The record is read at the pace of the clock: no watcher of files.
    follow(pid, startedAt, answeredFor, _, aheadMs) {
      const child = children[pid - 1000] as ScriptedChild;
      const follower = followThreads(
        pid,
        startedAt,
        answeredFor,
        async () => child.rollouts(),
        aheadMs,
      );
      return {
        ...follower,
        rollouts: () => [],
        readNews(seenText) {
          const looking = follower.readNews(seenText);
          looks.add(looking);
          return looking.finally(() => looks.delete(looking));
        },
      };
    },
    relay(relay) {
      relayed = relay;
      return () => {
        relayed = undefined;
      };
    },
    onUncaught(take) {
      const takeAway = catchUncaught(take);
      onTestFinished(takeAway);
      return takeAway;
    },
    tell: (line) => void told.push(line),
    report: (error) => `reported: ${(error as Error).message}`,
    listCommands: () => options.commands ?? [],
  });
  let ending: Ending | undefined;
  let failure: Error | undefined;
  session.then(
    (end) => {
      ending = end;
    },
    (error) => {
      failure = error;
    },
  );

  /** Everything that waits for a file, and not for the clock, has had its turn. */
  async function settle(): Promise<void> {
    do {
      await Promise.allSettled([...looks]);
      await new Promise((resume) => setImmediate(resume));
    } while (looks.size > 0);
  }

  async function advance(ms: number): Promise<void> {
    await settle();
    for (let left = ms; left > 0; left -= STEP_MS) {
      vi.advanceTimersByTime(Math.min(STEP_MS, left));
      await settle();
    }
  }

  async function until(fact: () => boolean, what: string): Promise<void> {
    const deadline = process.uptime() * 1000 + PATIENCE_MS;
    while (!fact()) {
      if (process.uptime() * 1000 > deadline) {
        throw new Error(`not so: ${what}\n${JSON.stringify({ trace, events }, null, 1)}`);
      }
      await advance(STEP_MS);
    }
  }

  return {
    terminal,
    accounts,
    trace,
    events,
    children,
    told,
    threads,
    settle,
    advance,
    until,
    ending: () => ending,
    failure: () => failure,
    /** The child of that number, from 1, as soon as it is started. */
    async child(number: number): Promise<ScriptedChild> {
      await until(() => children.length >= number, `child ${number}`);
      return children[number - 1] as ScriptedChild;
    },
    eventsOf: (type: Logged['type']) => events.filter((event) => event.type === type),
    /** Somebody sends a signal to the supervisor. */
    signal: (signal: NodeJS.Signals, number: number) => relayed?.(signal, number),
    isRelaying: () => relayed !== undefined,
    async ended(): Promise<Ending> {
      await until(() => ending !== undefined || failure !== undefined, 'the end');
      if (ending === undefined) throw failure;
      return ending;
    },
    /** A thread is open, a turn runs, and the session knows it. */
    async openWorking(): Promise<ScriptedChild> {
      const [child] = children as [ScriptedChild];
      child.draw();
      child.openThread();
      child.beginTurn('turn-1');
      await until(() => threads.length > 0, 'the thread');
      await advance(1000);
      return child;
    },
  };
}

export type ScriptedSession = ReturnType<typeof openSession>;

/** From a running turn to the moment in which the next child is started. */
export async function rotate(session: ScriptedSession, turn = 'turn-1'): Promise<ScriptedChild> {
  const { children } = session;
  children.at(-1)?.fail(turn);
  return session.child(children.length + 1);
}

const ACCOUNTS = ['acc1', 'acc2', 'acc3'];

function planOf(...args: string[]): ChildPlan {
  return { file: 'codex', args, cwd: '/', env: {} };
}

/** Each account that is settled is of no use from then on. */
function createFakeAccounts(
  { accounts = ACCOUNTS, handoffAccounts: changes = {}, earliest }: SessionOptions,
  note: (what: string) => void,
): HandoffAccounts {
  const used = new Set<string>();
  let target = accounts[0] as string;
  const next = () => accounts.find((name) => !used.has(name));
  const back = earliest === undefined ? {} : { earliest };
  const scripted: HandoffAccounts = {
    get target() {
      return target;
    },
    noteAnswer: () => undefined,
    spendsAgainstWish: () => false,
    mark: ({ kind }) => note(`mark ${target} ${kind}`),
    async markAndChoose({ kind, until }) {
      note(`settle ${target} ${kind}`);
      used.add(target);
      const mark: Mark = { kind, at: NOW_SECONDS, until: until ?? null };
      const chosen = next();
      return chosen === undefined
        ? { kind: 'none', mark, ...back }
        : { kind: 'chosen', target: chosen, mark };
    },
    chooseAgain: () =>
      earliest !== undefined && Date.now() >= earliest.until * 1000
        ? { kind: 'chosen', target: earliest.target }
        : { kind: 'none', ...back },
    findRoomier: () => undefined,
    async prepare(chosen) {
      note(`prepare ${chosen}`);
      return chosen;
    },
    rereadConstraints: async () => undefined,
    assertAllowed: async () => undefined,
    hasLostLink: () => false,
    async isLoginGone() {
      note(`doubt ${target}`);
      return false;
    },
    rule: () => undefined,
    repoint(chosen) {
      note(`repoint ${chosen}`);
      target = chosen;
    },
  };
  return Object.defineProperties(scripted, Object.getOwnPropertyDescriptors(changes));
}

function createFakeTerminal(note: (what: string) => void) {
  const written: string[] = [];
  const on = {
    input: [] as ((chunk: Buffer) => void)[],
    resize: [] as ((size: Size) => void)[],
    hangup: [] as (() => void)[],
  };
  let resume: (() => void) | undefined;
  let size: Size = { columns: 80, rows: 24 };
  const face: Terminal = {
    termios: '',
    size: () => size,
    onResize: (listener) => void on.resize.push(listener),
    enterRaw: () => note('terminal raw'),
    expectEnd: () => undefined,
    isAway: () => false,
    restore: () => note('terminal restored'),
    write(chunk) {
      written.push(chunk.toString());
      return true;
    },
    onDrain: () => undefined,
    flush: () => (terminal.isStalled ? new Promise(() => undefined) : Promise.resolve()),
    onInput: (listener) => void on.input.push(listener),
    pauseInput: () => undefined,
    resumeInput: () => undefined,
    onHangup: (listener) => void on.hangup.push(listener),
    suspendJob() {
      note('terminal suspended');
      return new Promise<void>((resolve, reject) => {
        resume = resolve;
        terminal.loseTerminal = reject;
      });
    },
  };
  const terminal = {
    face,
    /** It takes nothing any more. */
    isStalled: false,
    text: () => written.join(''),
    writes: (): readonly string[] => written,
    type(keys: string) {
      for (const listener of on.input) listener(Buffer.from(keys));
    },
    hangUp() {
      for (const listener of on.hangup) listener();
    },
    resize(columns: number, rows: number) {
      size = { columns, rows };
      for (const listener of on.resize) listener(size);
    },
    /** `fg` */
    continueJob: () => resume?.(),
    /** It goes on without its terminal, which was closed. */
    loseTerminal: (_: Error): void => undefined,
  };
  return terminal;
}
