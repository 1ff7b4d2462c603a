import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { RateLimits } from '../../../../src/codex/rollout.ts';
import type { HandoffAccounts, NextAccount } from '../../../../src/handoff/accounts.ts';
import type { ChildPlan } from '../../../../src/handoff/effects.ts';
import { markOf } from '../../../../src/handoff/mark-of-limit.ts';
import type { Ending } from '../../../../src/handoff/states.ts';
import type { WaitRules } from '../../../../src/handoff/wait-for-reset.ts';
import { createEventOutput } from '../../../../src/session/exec/event-output.ts';
import type { ExecSessionParts } from '../../../../src/session/exec/exec-session.ts';
import type { ChildInput } from '../../../../src/session/exec/kept-input.ts';
import { runExecSession } from '../../../../src/session/exec/run-exec-session.ts';
import type { Logged } from '../../../../src/state/events.ts';
import { makeScratchHome } from '../../state/scratch-home.ts';
import { appendLines, type Thread } from './exec-thread.ts';

const STAND_IN = fileURLToPath(new URL('../../../fixtures/bin/exec-stand-in', import.meta.url));

/** What one Codex of a scene does. */
export interface ScriptedChild {
  /** It has this thread's rollout open while it lives, and ends only after we have seen that; or the one it resumes. */
  thread?: Thread | 'resumed';
  /** A rollout of another session that it has open, too. */
  opensToo?: Thread;
  /** The lines it adds to a record when it begins, made with the time of then. */
  writes?: (at: string) => string[];
  /** Its stdout, for a scene with `--json`. */
  prints?: string;
  /** It ends when its client has got this, and not before. */
  endsAfter?: string;
  /** Whose record that is, for a child that has closed it again before anybody could see it. */
  unseen?: Thread;
  /** Its exit status, or the signal it dies of. */
  ends?: number | NodeJS.Signals;
  /** What happens once its thread is seen; without it, it ends. */
  whenSeen?: () => void;
  /** A signal that it answers with exit status 1; a name without SIG. */
  failsAt?: string;
  /** There is no such program. */
  missing?: boolean;
}

export interface Scene {
  children: ScriptedChild[];
  /** The accounts that the desk offers, in this order, to a session under `acc1`; then none. */
  next?: (string | undefined)[];
  /** How many accounts there are, if it does not follow from `next`. */
  accounts?: number;
  earliest?: { target: string; until: number };
  pinned?: boolean;
  forbiddenBy?: string;
  reconsider?: () => NextAccount;
  prepare?: (target: string) => Promise<string>;
  /** Codex has taken the slot's link to the login away. */
  hasLostLink?: boolean;
  /** What is thrown when Codex would log out the account that runs. */
  misfit?: Error;
  /** How a thread can be resumed: by default it can. */
  resume?: 'never' | Error;
  again?: Error;
  repeatable?: boolean;
  isNeverResumed?: boolean;
  requestedThread?: string;
  search?: Thread | 'none' | 'unknown';
  askLimits?: () => Promise<RateLimits | undefined>;
  wait?: WaitRules;
  /** The command has `--json`. */
  json?: boolean;
  /** Called for each line of `did`, as it happens. */
  when?: (what: string) => void;
}

export interface Played {
  ending: Ending;
  /** Everything that was asked, started and told, in order; a thread by its name, a copy as `copy 1`. */
  did: string[];
  /** What each child read from stdin; undefined for one that could not be started. */
  inputs: (string | undefined)[];
  events: Logged[];
  /** What a client of `--json` got. */
  stdout: string;
}

/** Plays `runExecSession` to its end, with scripted programs in the place of Codex, and a desk that follows the scene. */
export async function play(scene: Scene): Promise<Played> {
  const { home } = makeScratchHome();
  const did: string[] = [];
  const events: Logged[] = [];
  const shorten = createShorten(scene);
  const note = (what: string) => {
    did.push(shorten(what));
    scene.when?.(shorten(what));
  };
  const accounts = openScriptedAccounts(scene, note);
  const started: Started[] = [];
  const client = openClient(() => {
    const { script, directory } = started.at(-1) as Started;
    const { endsAfter } = script;
    if (endsAfter !== undefined && client.got().includes(endsAfter)) endChild(script, directory);
  });
  let living: number | undefined;
  onTestFinished(() => {
    if (living !== undefined) process.kill(living, 'SIGKILL');
  });

  /** The plan of the child whose turn it is. */
  function plan(how: string, resumed?: Thread): ChildPlan {
    const script = scene.children[started.length];
    if (script === undefined) throw new Error(`nobody expects: ${how}`);
    const thread = script.thread === 'resumed' ? resumed : script.thread;
    const directory = join(home, `child-${started.length}`);
    mkdirSync(directory);
    if (script.prints !== undefined) writeFileSync(join(directory, 'prints'), script.prints);
    started.push({ how, script, thread, directory });
    const open = [thread, script.opensToo].flatMap((thread) => thread?.rollout ?? []);
    const env = { PATH: process.env.PATH ?? '', FAILS_AT: script.failsAt ?? '' };
    const file = script.missing ? join(home, 'missing') : STAND_IN;
    return { file, args: [directory, ...open], cwd: home, env };
  }

  const parts: ExecSessionParts = {
    firstPlan: plan('first'),
    async resumePlan(thread) {
      if (scene.resume instanceof Error) throw scene.resume;
      return scene.resume === 'never' ? undefined : plan(`resume ${thread.id}`, thread);
    },
    async againPlan() {
      if (scene.again !== undefined) throw scene.again;
      return plan('again');
    },
    input: {
      repeatable: scene.repeatable ?? true,
      first: feed('typed'),
      again: feed('typed, again'),
      resume: { stdio: 'ignore' },
    },
    ...(scene.json && { output: createEventOutput(undefined, () => client.output) }),
    isNeverResumed: scene.isNeverResumed ?? false,
    requestedThread: scene.requestedThread,
    async askLimits() {
      note(`ask about ${accounts.target}`);
      return scene.askLimits?.();
    },
    async searchThread() {
      note('search');
      const { search = 'none' } = scene;
      return typeof search === 'string' ? search : { threadId: search.id, rollout: search.rollout };
    },
    recordChild(pid) {
      living = pid;
      const { how, script, thread, directory } = started.at(-1) as Started;
      const record = thread ?? script.unseen;
      if (record !== undefined) appendLines(record.rollout, script.writes);
      note(`start ${how} under ${accounts.target}`);
      if (thread === undefined && script.endsAfter === undefined) endChild(script, directory);
    },
    recordThread({ id, copyOf }) {
      note(`see ${id}${copyOf === undefined ? '' : `, of ${copyOf}`}`);
      const { script, directory } = started.at(-1) as Started;
      if (script.whenSeen !== undefined) script.whenSeen();
      else if (script.endsAfter === undefined) endChild(script, directory);
    },
    accounts,
    prompt: 'continue',
    sharedHome: '/nowhere',
    accountCount: scene.accounts ?? (scene.next?.length ?? 0) + 1,
    log: (event) => void events.push(JSON.parse(shorten(JSON.stringify(event)))),
    ...(scene.wait === undefined ? {} : { wait: scene.wait }),
    say: (line) => note(`say ${line}`),
    announce: (line) => note(`announce ${line}`),
    report: (error) => `reported: ${(error as Error).message}`,
  };
  const ending = await runExecSession(parts);
  living = undefined;
  const inputs = started.map(({ directory }) => readInput(directory));
  return { ending, did, events, inputs, stdout: shorten(client.got()) };
}

interface Started {
  how: string;
  script: ScriptedChild;
  thread: Thread | undefined;
  directory: string;
}

export function openScriptedAccounts(
  scene: Omit<Scene, 'children'>,
  note: (what: string) => void,
): HandoffAccounts {
  const next = [...(scene.next ?? [])];
  let target = 'acc1';
  return {
    get target() {
      return target;
    },
    noteAnswer: () => undefined,
    spendsAgainstWish: () => false,
    mark: ({ kind }) => note(`mark ${target}: ${kind}`),
    async markAndChoose(proof) {
      note(`settle ${target}: ${proof.kind}`);
      const nowSeconds = Math.floor(Date.now() / 1000);
      const config = { cooldownMinutes: 30 };
      const mark = markOf(proof, { nowSeconds, workspace: undefined, config });
      const chosen = next.shift();
      if (chosen !== undefined) return { kind: 'chosen', target: chosen, mark };
      const { earliest, pinned, forbiddenBy } = scene;
      return {
        kind: 'none',
        mark,
        ...(earliest && { earliest }),
        ...(pinned && { pinned }),
        ...(forbiddenBy !== undefined && { forbiddenBy }),
      };
    },
    chooseAgain: () => scene.reconsider?.() ?? { kind: 'none' },
    findRoomier: () => undefined,
    rereadConstraints: async () => undefined,
    async assertAllowed() {
      if (scene.misfit !== undefined) throw scene.misfit;
    },
    hasLostLink: () => scene.hasLostLink === true,
    isLoginGone: async () => false,
    async prepare(candidate) {
      note(`prepare ${candidate}`);
      return scene.prepare?.(candidate) ?? candidate;
    },
    rule: () => undefined,
    repoint(to) {
      note(`repoint ${to}`);
      target = to;
    },
  };
}

/** A client that takes everything at once. */
function openClient(changed: () => void) {
  let text = '';
  const output = {
    write(chunk: Buffer | string) {
      text += chunk;
      changed();
      return true;
    },
    flush: () => Promise.resolve(),
  };
  return { output, got: () => text };
}

function feed(text: string): ChildInput {
  return { stdio: 'pipe', feed: (stdin) => void stdin.on('error', () => undefined).end(text) };
}

function readInput(directory: string): string | undefined {
  const file = join(directory, 'stdin');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Whole at once, for the child looks for it all the time. */
function endChild({ ends = 0 }: ScriptedChild, directory: string): void {
  const word = typeof ends === 'number' ? `exit ${ends}` : `kill -s ${ends.slice(3)} $$`;
  writeFileSync(join(directory, 'end.tmp'), word);
  renameSync(join(directory, 'end.tmp'), join(directory, 'end'));
}

/** Calls the threads of a scene `thread 1`, …, all others `copy 1`, …, and every time of day `TIME`. */
function createShorten({ children, search }: Scene): (text: string) => string {
  const names = new Map<string, string>();
  const learn = (thread: Thread | string | undefined) => {
    if (typeof thread !== 'object' || names.has(thread.id)) return;
    names.set(thread.id, `thread ${names.size + 1}`);
  };
  for (const { thread, unseen, opensToo } of children) [thread, unseen, opensToo].forEach(learn);
  learn(search);
  let copies = 0;
  return (text) =>
    text.replace(TIME, 'TIME').replace(ID, (id) => {
      if (!names.has(id)) names.set(id, `copy ${++copies}`);
      return names.get(id) as string;
    });
}

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const TIME = /(?:[A-Z][a-z]{2} \d+(?:, \d{4})? )?\d\d:\d\d/g;
