import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import type { HotswapEvent } from '../state/events.ts';
import { errnoOf } from '../state/files.ts';
import type { Context } from './context.ts';
import { describeEvent } from './event-text.ts';

export function logCommand(context: Context): Command {
  return new Command('log')
    .description('what codex-hotswap did and why, newest last')
    .option('-n, --lines <count>', 'how many', parseCount, 30)
    .option('--json', 'as JSON, one event a line')
    .addHelpText('after', '\nExample:\n  codex-hotswap log -n 100')
    .action((options: { lines: number; json?: boolean }) => {
      const lines = readLog(context).slice(-options.lines);
      if (lines.length === 0 && !options.json) context.say('nothing has happened yet');
      for (const line of lines) {
        const text = options.json ? line : describeLine(line, context.now);
        if (text !== undefined) context.say(text);
      }
    });
}

/** The log with what was rotated out of it before; half-written lines cannot be, but a person may have edited it. */
function readLog({ paths }: Context): string[] {
  return [`${paths.eventsFile}.1`, paths.eventsFile].flatMap((file) => {
    try {
      return readFileSync(file, 'utf8').split('\n').filter(isJson);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  });
}

function describeLine(line: string, now: Date): string | undefined {
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
