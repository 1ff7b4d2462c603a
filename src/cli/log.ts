import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import type { HotswapEvent } from '../state/events.ts';
import { errnoOf } from '../state/files.ts';
import type { Context } from './context.ts';
import { describeEvent } from './event-text.ts';
import { followLines } from './follow-log.ts';

export function logCommand(context: Context): Command {
  return new Command('log')
    .description('what codex-hotswap did and why, newest last')
    .option('-n, --lines <count>', 'how many', parseCount, 30)
    .option('--json', 'as JSON, one event a line')
    .option('-f, --follow', 'go on with what happens from now on, until Ctrl-C')
    .addHelpText('after', '\nExamples:\n  codex-hotswap log -n 100\n  codex-hotswap log -f')
    .action((options: { lines: number; json?: boolean; follow?: boolean }) => {
      const show = (line: string) =>
        context.say(options.json ? line : describeLine(line, new Date()));
      const { eventsFile } = context.paths;
      const before = readLines(`${eventsFile}.1`);
      const current = readLines(eventsFile);
      const lines = [...before.lines, ...current.lines].slice(-options.lines);
      if (lines.length === 0 && !options.json && !options.follow) {
        context.say('nothing has happened yet');
      }
      for (const line of lines) show(line);
      if (options.follow) {
        followLines(eventsFile, current.bytes, (line) => isJson(line) && show(line));
      }
    });
}

/** The events in a file; half-written lines cannot be, but a person may have edited it. */
function readLines(file: string): { lines: string[]; bytes: number } {
  try {
    const content = readFileSync(file);
    return { lines: content.toString('utf8').split('\n').filter(isJson), bytes: content.length };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { lines: [], bytes: 0 };
    throw error;
  }
}

function describeLine(line: string, now: Date): string {
  return describeEvent(JSON.parse(line) as HotswapEvent, now);
}

function isJson(line: string): boolean {
  try {
    return typeof (JSON.parse(line) as { type?: unknown } | null)?.type === 'string';
  } catch {
    return false;
  }
}

/** A number from 1 on, for commander. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('expected a number from 1 on.');
  return Number(text);
}
