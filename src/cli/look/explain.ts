import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { Command } from 'commander';
import { proveLimit } from '../../codex/limit-proof.ts';
import { classifyLimitText, isExhaustion } from '../../codex/limits.ts';
import type { RolloutFact } from '../../codex/rollout.ts';
import { readRolloutFacts } from '../../codex/rollout-file.ts';
import { HotswapError } from '../../errors.ts';
import { createErrorCellScanner } from '../../observe/error-cell.ts';
import { createTurnStateScanner } from '../../observe/osc-state.ts';
import { readRegularFile } from '../../regular-file.ts';
import { isDebugTrace } from '../../state/debug-trace.ts';
import { errnoOf } from '../../state/files.ts';
import type { Context } from '../context.ts';
import { describeTime } from '../time-text.ts';
import { explainTrace } from './explain-trace.ts';

export function explainCommand(context: Context): Command {
  return new Command('explain')
    .description(
      'what codex-hotswap would see in a rollout or a terminal recording, and do about it, or what it did by a debug trace',
    )
    .argument(
      '<file>',
      'a rollout (.jsonl), the raw bytes of a terminal (as of script(1)), or what CODEX_HOTSWAP_DEBUG has written',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  codex-hotswap explain ~/.codex/sessions/2026/11/21/rollout-….jsonl\n' +
        '  CODEX_HOTSWAP_DEBUG=trace.jsonl codex; codex-hotswap explain trace.jsonl',
    )
    .action((file: string) => explain(context, file));
}

async function explain({ say, now }: Context, file: string): Promise<void> {
  const problem = problemOf(file);
  if (problem !== undefined) {
    throw new HotswapError('usage', `${file} ${problem}`, 'give a rollout or a terminal recording');
  }
  for (const line of await explainFile(file, now)) say(line);
}

async function explainFile(file: string, now: Date): Promise<string[]> {
  if (isDebugTrace(file)) return explainTrace(readRegularFile(file).toString('utf8'));
  const { facts } = await readRolloutFacts(file);
  return facts.length > 0 ? explainRollout(facts, now) : explainRecording(readFileSync(file));
}

function problemOf(file: string): string | undefined {
  try {
    if (!statSync(file).isFile()) return 'is no file';
    accessSync(file, constants.R_OK);
    return undefined;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return 'does not exist';
    return code === 'EACCES' ? 'may not be read' : `cannot be read (${code})`;
  }
}

/** One line for each turn: whether a limit ended it, and what we would do. Pure. */
export function explainRollout(facts: readonly RolloutFact[], now: Date): string[] {
  const turns = splitTurns(facts);
  const lines = turns.flatMap((turn, index) => {
    const ended = turn.find((fact) => fact.type === 'task_complete');
    const name = `turn ${index + 1}`;
    if (ended === undefined) return [`${name}: has not ended, or was interrupted: nothing to do`];
    const question = { facts: turn, startedAtMs: 0, seenTurnIds: new Set<string>() };
    const proof = proveLimit({ ...question, sawText: false });
    if (proof !== undefined) {
      const until =
        proof.until === undefined
          ? 'for the configured rest'
          : `until ${describeTime(proof.until, now)}`;
      return [
        `${name}: ended of a limit (${proof.kind}): the account is marked ${until}, the next one goes on`,
      ];
    }
    // Codex up to 0.144 records no error (fact 68), so the screen must show the limit, too.
    const withText = proveLimit({ ...question, sawText: true });
    if (withText !== undefined) {
      return [
        `${name}: ended without an answer at a full limit: goes on under the next account if the screen showed a limit, too`,
      ];
    }
    if (ended.error === undefined) return [`${name}: answered: nothing to do`];
    return [
      `${name}: failed (${ended.error.info}): no limit, nothing to do${suggestReport(ended.error.message)}`,
    ];
  });
  return lines.length > 0 ? lines : ['a rollout without a turn: nothing to do'];
}

/** The error cells and the states in the bytes of a terminal. */
export function explainRecording(bytes: Buffer): string[] {
  const texts = new Map<number, string>();
  const lines: string[] = [];
  const states = createTurnStateScanner((state) => lines.push(`state: ${state}`));
  const cells = createErrorCellScanner(({ number, text }) => texts.set(number, text));
  states.feed(bytes);
  cells.feed(bytes);
  for (const text of texts.values()) lines.push(`error cell: ${explainText(text)}`);
  if (lines.length === 0) return ['no error cell (■) and no announced state in it: nothing to do'];
  return [...lines, 'what a screen shows is a hint only: the thread’s own rollout decides'];
}

function explainText(text: string): string {
  const shown = JSON.stringify(text.trim().slice(0, 80));
  const found = classifyLimitText(text);
  if (found === undefined) return `${shown}: not known${suggestReport(text)}`;
  if (isExhaustion(found.kind))
    return `${shown}: a limit (${found.id}): the rollout would be looked at`;
  return `${shown}: ${found.kind} (${found.id}): nothing to do`;
}

/** Codex changes its texts, so a user should report an unknown text about a limit (fact 70). */
function suggestReport(text: string): string {
  return /limit|quota|credit/i.test(text) && classifyLimitText(text) === undefined
    ? '; it speaks of a limit and we do not know it, please report it'
    : '';
}

function splitTurns(facts: readonly RolloutFact[]): RolloutFact[][] {
  const turns: RolloutFact[][] = [];
  for (const fact of facts) {
    if (fact.type === 'task_started') turns.push([]);
    turns.at(-1)?.push(fact);
  }
  return turns;
}
