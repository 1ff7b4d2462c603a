import { Command, InvalidArgumentError } from 'commander';
import { toPlainJson } from '../../plain-text.ts';
import { attempt } from '../../state/attempt.ts';
import type { Context } from '../context.ts';
import { readEventLines } from './event-lines.ts';
import { describeEvent } from './event-text.ts';
import { followLines } from './follow-log.ts';
import { readEvent } from './read-event.ts';

export function logCommand(context: Context): Command {
  return new Command('log')
    .description('what codex-hotswap did and why, the newest event last')
    .option('-n, --lines <count>', 'how many', parseCount, 30)
    .option('--json', 'as JSON, one event a line')
    .option('-f, --follow', 'go on with each new event, until Ctrl-C')
    .addHelpText(
      'after',
      '\nExamples:\n  codex-hotswap log -n 100\n  codex-hotswap log -f\n\n' +
        'For every step of one session: CODEX_HOTSWAP_DEBUG=trace.jsonl codex, then codex-hotswap explain trace.jsonl',
    )
    .action((options: { lines: number; json?: boolean; follow?: boolean }) => {
      const show = (line: string) => showLine(context, line, options.json ?? false);
      const { eventsFile } = context.paths;
      const before = readEventLines(`${eventsFile}.1`);
      const current = readEventLines(eventsFile);
      const lines = [...before.lines, ...current.lines].slice(-options.lines);
      if (lines.length === 0 && !options.json && !options.follow) {
        context.say('nothing has happened yet');
      }
      for (const line of lines) show(line);
      if (options.follow) followLines(eventsFile, current.bytes, show);
    });
}

function showLine({ say }: Context, line: string, asJson: boolean): void {
  const event = readEvent(line);
  if (event === undefined) return;
  if (!asJson) return say(describeEvent(event, new Date()));
  // An event that is nested too deep cannot be written again.
  const json = attempt(() => toPlainJson(JSON.parse(line)));
  if (json !== undefined) say(json);
}

/** A number from 1 on, for commander. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('expected a number from 1 on.');
  return Number(text);
}
