import { findStrays, waitForNoStrays } from '../lab/strays.ts';
import { type Fault, openFaultHome, type Where } from './home.ts';
import { EXPECTED, type Outcome, play, type SceneName } from './scenes.ts';

/** What a run with a fault came to. */
export interface Verdict {
  scene: SceneName;
  fault: Fault;
  /** The call that failed: `rename /…`; undefined when there was none of that number. */
  call: string | undefined;
  /** What is not as it must be; empty when all is well. */
  faults: string[];
  output: string;
  milliseconds: number;
}

const STRAY_MS = 4000;

/** How many calls a scene makes without a fault, and which. */
export async function countCalls(scene: SceneName, where?: Where): Promise<string[]> {
  const home = openFaultHome();
  try {
    const fault: Fault = { error: 'EIO', at: 0, ...(where && { where }) };
    const outcome = await play(scene, home, fault);
    const faults = await judge(scene, home, fault, outcome);
    const { shows } = EXPECTED[scene];
    if (!outcome.output.includes(shows)) faults.push(`no ${shows}`);
    if (outcome.output.includes('unsupervised')) faults.push('it is not supervised');
    if (faults.length > 0) {
      throw new Error(`${scene} fails without a fault: ${faults.join('; ')}\n${outcome.output}`);
    }
    return home.calls();
  } finally {
    home.dispose();
  }
}

/** Plays a scene with a fault in a home of its own, and then launches once more. */
export async function tryFault(scene: SceneName, fault: Fault): Promise<Verdict> {
  const home = openFaultHome();
  const startedAt = performance.now();
  try {
    const outcome = await play(scene, home, fault);
    const call = home.calls()[fault.at - 1]?.replace(`${home.home}/`, '');
    const faults = await judge(scene, home, fault, outcome);
    faults.push(...(await judgeNextLaunch(home)));
    const milliseconds = performance.now() - startedAt;
    return { scene, fault, call, faults, output: outcome.output, milliseconds };
  } finally {
    for (const { pid } of findStrays(home.home)) process.kill(pid, 'SIGKILL');
    home.dispose();
  }
}

type Home = ReturnType<typeof openFaultHome>;

async function judge(
  scene: SceneName,
  home: Home,
  { error, at }: Fault,
  { status, output, stty }: Outcome,
): Promise<string[]> {
  const faults: string[] = [];
  const isKilled = error === 'SIGKILL' && at > 0;
  if (!isKilled) {
    const expected = expectationOf(scene, error, output);
    const ended = status.kind === 'exited' ? String(status.code) : status.signal;
    // Nobody is told how the keeper ends.
    const isFree = scene === 'keeper' && status.kind === 'exited';
    if (!isFree && ended !== String(expected.status))
      faults.push(`status ${ended}, not ${expected.status}`);
    const turns = home.turns();
    if (turns.join() !== expected.turns.join()) {
      faults.push(`turns ${turns.join() || 'none'}, not ${expected.turns.join() || 'none'}`);
    }
    if (stty !== undefined && stty.before !== stty.after)
      faults.push('the terminal is not restored');
    faults.push(...modesLeft(output));
    const ours = output.split(/\r?\n/).filter((line) => line.includes('codex-hotswap:'));
    if (at > 0 && ours.length > allowedLines(scene, error, output))
      faults.push(`${ours.length} lines of ours`);
  }
  if (/^ {4}at |this is a bug|node:internal|Node\.js v/m.test(output))
    faults.push('a stack, or a bug');
  if (!(await waitForNoStrays(home.home, STRAY_MS))) {
    const strays = findStrays(home.home).map(({ command }) => command);
    faults.push(`left running: ${strays.join(', ')}`);
  }
  return [...faults, ...judgeLogins(home)];
}

/** Bare Codex, or Codex where it was, is what may become of a session whose disk is not writable at all. */
function expectationOf(scene: SceneName, error: string, output: string) {
  const isUnsupervised = output.includes('running codex unsupervised');
  const hasStayed = error === 'EROFS-on' && /could not go on|stays under acc1/.test(output);
  const expected = EXPECTED[scene];
  if (!isUnsupervised && !hasStayed) return expected;
  if (scene === 'exec-handoff') return { status: 1, turns: ['acc1'] };
  return { ...expected, turns: expected.turns.slice(0, 1) };
}

/** A handoff has a line of its own, or two where it comes to nothing: why, and how to go on; one more is about what failed. */
function allowedLines(scene: SceneName, error: string, output: string): number {
  const handoff = ['handoff', 'early', 'exec-handoff'].includes(scene) ? 1 : 0;
  const stranded = output.includes('could not go on by itself') ? 1 : 0;
  return handoff + stranded + (error.endsWith('-on') ? 2 : 1);
}

/** Each mode as it was set last; kitty keys by pushes and pops. */
function modesLeft(output: string): string[] {
  const modes = new Map<string, string>();
  for (const [, mode = '', set = ''] of output.matchAll(/\u001b\[\?(2004|1004)([hl])/g)) {
    modes.set(mode, set);
  }
  const left = [...modes].filter(([, set]) => set === 'h').map(([mode]) => `mode ${mode} left on`);
  const pushes = output.split('\u001b[>7u').length;
  const pops = output.split('\u001b[<u').length + output.split('\u001b[<1u').length - 1;
  return pops < pushes ? [...left, `kitty keys pushed ${pushes - 1}, popped ${pops - 1}`] : left;
}

function judgeLogins(home: Home): string[] {
  return [
    ...home.staleVaults().map((name) => `the newest login of ${name} is not in its vault`),
    ...home.brandedAccounts().map((name) => `${name} is marked as logged out`),
  ];
}

async function judgeNextLaunch(home: Home): Promise<string[]> {
  const { status, output } = await play('exec', home);
  const faults = judgeLogins(home);
  if (status.kind !== 'exited' || status.code !== 7) faults.push('status');
  if (output.includes('unsupervised')) faults.push(`says ${output.trim()}`);
  return faults.map((fault) => `next launch: ${fault}`);
}
