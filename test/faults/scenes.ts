import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExitStatus } from '../../src/pty/exit-status.ts';
import { openOuter } from '../pty/outer.ts';
import type { Fault, FaultHome } from './home.ts';

export const SCENES = ['quit', 'handoff', 'early', 'exec', 'exec-handoff', 'keeper'] as const;
export type SceneName = (typeof SCENES)[number];

/** What came of a command. */
export interface Outcome {
  status: ExitStatus;
  output: string;
  /** `stty -a` of the terminal, before and after; of a TUI only. */
  stty?: { before: string; after: string };
}

/** How a run ends without a fault, and what it shows; 7 is the stand-in's own status. */
export const EXPECTED: Record<SceneName, { status: number; turns: string[]; shows: string }> = {
  quit: { status: 7, turns: [], shows: 'READY-acc1' },
  handoff: { status: 7, turns: ['acc1', 'acc2'], shows: 'ANSWER-acc2' },
  early: { status: 7, turns: ['acc1'], shows: 'READY-acc2' },
  exec: { status: 7, turns: ['acc1'], shows: 'ANSWER-acc1' },
  'exec-handoff': { status: 7, turns: ['acc1', 'acc2'], shows: 'ANSWER-acc2' },
  // The process that has a token refreshed.
  keeper: { status: 0, turns: [], shows: '' },
};

/** A run that takes longer hangs. */
const PATIENCE_MS = 20_000;
/** With a limit and nobody to take over, the user looks at it for so long. */
const SEEN_MS = 6000;

/** Plays a scene. A supervisor that is killed in it is an outcome like any other. */
export function play(scene: SceneName, home: FaultHome, fault?: Fault): Promise<Outcome> {
  switch (scene) {
    case 'quit':
      return inTerminal(home, fault, async (see, type) => {
        await see(/READY-acc\d/);
        type('q');
      });
    case 'handoff':
      return inTerminal(home, fault, async (see, type) => {
        await see(/READY-acc1/);
        await ask(see, type);
        await see(/LIMIT-acc1/);
        await see(/ANSWER-acc2|unsupervised|stays under acc1[\s\S]*READY-acc1/, SEEN_MS);
        type('q');
      });
    case 'early':
      return inTerminal(
        home,
        fault,
        async (see, type) => {
          await see(/READY-acc1/);
          await ask(see, type);
          await see(/ANSWER-acc1/);
          await see(/READY-acc2|unsupervised|stays under acc1[\s\S]*READY-acc1/, SEEN_MS);
          type('q');
        },
        { FAULT_NO_LIMIT: '1', FAULT_USED: '97' },
      );
    case 'exec':
      return withPipes(home.command(['exec', 'hello'], fault), home, { FAULT_NO_LIMIT: '1' });
    case 'exec-handoff':
      return withPipes(home.command(['exec', 'hello'], fault), home);
    case 'keeper':
      return withPipes(home.command([], fault, 'keeper'), home);
  }
}

/** With Enter, as what is not sent is carried over; and as a person, for what comes faster is a paste. */
async function ask(...[see, type]: Parameters<Act>): Promise<void> {
  type('g');
  await see(/TYPED/);
  await sleep(TYPING_MS);
  type('\r');
}

const TYPING_MS = 100;

type Act = (
  see: (text: RegExp, timeoutMs?: number) => Promise<unknown>,
  type: (keys: string) => void,
) => Promise<void>;

async function inTerminal(
  home: FaultHome,
  fault: Fault | undefined,
  act: Act,
  more: Record<string, string> = {},
): Promise<Outcome> {
  const { words, env } = home.command([], fault);
  const [file = '', ...args] = words;
  const outer = openOuter({ file, args, env: { ...env, ...more }, cwd: home.home });
  const before = outer.stty();
  const see = (text: RegExp, timeoutMs = PATIENCE_MS) =>
    Promise.race([outer.waitFor(text), sleep(timeoutMs, undefined, { ref: false })]);
  const hung = setTimeout(() => outer.close(), PATIENCE_MS);
  // What ends before its time has its end looked at, not its way there.
  await act(see, outer.type).catch(() => undefined);
  const status = await outer.ended;
  clearTimeout(hung);
  return {
    status,
    output: outer.output().toString('utf8'),
    stty: { before, after: outer.stty() },
  };
}

function withPipes(
  { words, env }: ReturnType<FaultHome['command']>,
  home: FaultHome,
  more: Record<string, string> = {},
): Promise<Outcome> {
  const [file = '', ...rest] = words;
  const child = spawn(file, rest, {
    ...{ cwd: home.home, env: { ...env, ...more } },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      const status: ExitStatus =
        signal === null
          ? { kind: 'exited', code: code ?? 0 }
          : { kind: 'signalled', signal, number: 0 };
      resolve({ status, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
}
