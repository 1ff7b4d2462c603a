import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { proveLimit } from '../../codex/limit-proof.ts';
import { classifyLimitText, isExhaustion } from '../../codex/limits.ts';
import type { RolloutFact } from '../../codex/rollout.ts';
import { readRolloutFacts } from '../../codex/rollout-file.ts';
import { HotswapError } from '../../errors.ts';
import { describeTime } from '../../local-time.ts';
import { createErrorCellScanner } from '../../observe/error-cell.ts';
import { createTurnStateScanner } from '../../observe/osc-state.ts';
import { readRegularFile } from '../../regular-file.ts';
import { isDebugTrace } from '../../state/debug-trace.ts';
import { errnoOf } from '../../state/files.ts';
import type { Context } from '../context.ts';
import { explainTrace } from './explain-trace.ts';

export function explainCommand(context: Context): Command {
  return new Command('explain')
    .description(
      'what codex-hotswap finds in a rollout or a terminal recording and would do, or what it did in a debug trace',
    )
    .argument(
      '<file>',
      'a rollout (.jsonl), the raw bytes of a terminal (such as script(1) records), or the file of CODEX_HOTSWAP_DEBUG',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  codex-hotswap explain ~/.codex/sessions/2026/11/21/rollout-….jsonl\n' +
        '  CODEX_HOTSWAP_DEBUG=trace.jsonl codex; codex-hotswap explain trace.jsonl',
    )
    .action((file: string) => explain(context, file));
}

async function explain({ say, now }: Context, file: string): Promise<void> {
  for (const line of await explainFile(file, now)) say(line);
}

async function explainFile(file: string, now: Date): Promise<string[]> {
  if (isTrace(file)) return explainTrace(readRegularFile(file).toString('utf8'));
  const { facts } = await readRolloutFacts(file);
  return facts.length > 0 ? explainRollout(facts, now) : explainRecording(readFileSync(file));
}

/** @throws HotswapError `usage` when the file cannot be read. */
function isTrace(file: string): boolean {
  try {
    return isDebugTrace(file);
  } catch (error) {
    const code = errnoOf(error) ?? '';
    const problem = PROBLEMS[code] ?? `cannot be read (${code})`;
    throw new HotswapError('usage', `${file} ${problem}`, 'give a rollout or a terminal recording');
  }
}

const PROBLEMS: Record<string, string> = {
  ENOENT: 'does not exist',
  EISDIR: 'is no file',
  ENXIO: 'is no file',
};

/** One line for each turn: whether a limit ended it, and what we would do. Pure. */
export function explainRollout(facts: readonly RolloutFact[], now: Date): string[] {
  const lines = splitTurns(facts).map(
    (turn, index) => `turn ${index + 1}: ${explainTurn(turn, now)}`,
  );
  return lines.length > 0 ? lines : ['a rollout without a turn: nothing to do'];
}

function explainTurn(facts: readonly RolloutFact[], now: Date): string {
  const ended = facts.find((fact) => fact.type === 'task_complete');
  if (ended === undefined) return 'has not ended, or was interrupted: nothing to do';
  const question = { facts, startedAtMs: 0, seenTurnIds: new Set<string>() };
  const proof = proveLimit({ ...question, sawText: false });
  if (proof !== undefined) {
    const { kind, until } = proof;
    const end =
      until === undefined ? 'for the configured rest' : `until ${describeTime(until, now)}`;
    return `ended at a limit (${kind}): the account is marked ${end}, and the session goes on under the next one`;
  }
  // Codex up to 0.144 records no error (fact 68), so the screen must show the limit, too.
  if (proveLimit({ ...question, sawText: true }) !== undefined) {
    return 'ended without an answer at a full limit: goes on under the next account if the screen showed a limit, too';
  }
  if (ended.error === undefined) return 'answered: nothing to do';
  const { info, message } = ended.error;
  return `failed (${info}): no limit, nothing to do${suggestReport(message)}`;
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
  if (lines.length === 0)
    return ['a recording without an error cell (■) or a state: nothing to do'];
  return [...lines, 'the screen is only a hint: the rollout of the thread decides'];
}

function explainText(text: string): string {
  const shown = JSON.stringify(text.trim().slice(0, 80));
  const found = classifyLimitText(text);
  if (found === undefined) return `${shown}: not known${suggestReport(text)}`;
  return isExhaustion(found.kind)
    ? `${shown}: a limit (${found.id}): the session would read the rollout`
    : `${shown}: ${found.kind} (${found.id}): nothing to do`;
}

/** Codex changes its texts, so a user should report an unknown text about a limit (fact 70). */
function suggestReport(text: string): string {
  return /limit|quota|credit/i.test(text) && classifyLimitText(text) === undefined
    ? '; this text about a limit is unknown, please report it'
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
