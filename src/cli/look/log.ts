import { Command, InvalidArgumentError } from 'commander';
import { HotswapError } from '../../errors.ts';
import { toPlainJson } from '../../plain-text.ts';
import { readTail } from '../../regular-file.ts';
import { errnoOf } from '../../state/files.ts';
import type { Context } from '../context.ts';
import { describeEvent } from './event-text.ts';
import { followLines } from './follow-log.ts';
import { readEvent } from './read-event.ts';

export function logCommand(context: Context): Command {
  return new Command('log')
    .description('what codex-hotswap did and why, newest last')
    .option('-n, --lines <count>', 'how many', parseCount, 30)
    .option('--json', 'as JSON, one event a line')
    .option('-f, --follow', 'go on with what happens from now on, until Ctrl-C')
    .addHelpText('after', '\nExamples:\n  codex-hotswap log -n 100\n  codex-hotswap log -f')
    .action((options: { lines: number; json?: boolean; follow?: boolean }) => {
      const show = (line: string) => showLine(context, line, options.json ?? false);
      const { eventsFile } = context.paths;
      const before = readLines(`${eventsFile}.1`);
      const current = readLines(eventsFile);
      const lines = [...before.lines, ...current.lines].slice(-options.lines);
      if (lines.length === 0 && !options.json && !options.follow) {
        context.say('nothing has happened yet');
      }
      for (const line of lines) show(line);
      if (options.follow) followLines(eventsFile, current.bytes, show);
    });
}

/** It is rotated at 4 MiB: of a larger one, which is not of our making, the end is read. */
const MOST_BYTES = 8 * 1024 * 1024;

/** The events in a file; half-written lines cannot be, but a person may have edited it. */
function readLines(file: string): { lines: string[]; bytes: number } {
  try {
    const { bytes, size } = readTail(file, MOST_BYTES);
    return { lines: bytes.toString('utf8').split('\n').filter(isEvent), bytes: size };
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { lines: [], bytes: 0 };
    throw new HotswapError(
      'bad-state',
      `${file} cannot be read (${code})`,
      'move it away; a new one is begun',
    );
  }
}

function showLine({ say }: Context, line: string, asJson: boolean): void {
  const event = readEvent(line);
  if (event === undefined) return;
  if (!asJson) return say(describeEvent(event, new Date()));
  try {
    say(toPlainJson(JSON.parse(line)));
  } catch {
    // Nested so deep that it cannot be written again.
  }
}

function isEvent(line: string): boolean {
  return readEvent(line) !== undefined;
}

/** A number from 1 on, for commander. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('expected a number from 1 on.');
  return Number(text);
}
