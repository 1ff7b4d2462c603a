import { Command } from 'commander';
import { HotswapError } from '../../errors.ts';
import { type Context, requireConfig } from '../context.ts';
import { pickThread } from '../thread-list.ts';
import { splitAtDashes, startCodex } from './launch.ts';
import { canPick } from './pick.ts';

interface ResumeOptions {
  last?: boolean;
  all?: boolean;
  here?: boolean;
  wait?: boolean;
}

export function resumeCommand(context: Context): Command {
  return new Command('resume')
    .description('continue a thread under the account it ran under last')
    .argument('[thread]', 'its id; without it you choose from a list')
    .argument('[arguments...]', 'further arguments for codex, after --')
    .option('--last', 'the thread used last in this directory')
    .option('--all', 'threads of all directories')
    .option('--here', 'use the account new sessions start with')
    .option('--wait', 'when every account is at its limit, wait for the first reset')
    .addHelpText(
      'after',
      '\nExamples:\n  codex-hotswap resume\n  codex-hotswap resume --last -- --model gpt-5.4',
    )
    .action(async (_thread, _rest, options: ResumeOptions, command: Command) => {
      requireConfig(context);
      const { own, args } = splitAtDashes(command);
      const words = await chooseThread(context, own, options);
      if (words === undefined) return;
      const { here = false, wait = false } = options;
      await startCodex(context, { args: ['resume', ...args, ...words], here, wait });
    });
}

/**
 * @returns the arguments of `codex resume` that name the thread; undefined when the person cancels, or there is no thread.
 * @throws HotswapError `usage` when a person must choose and there is no terminal.
 */
async function chooseThread(
  context: Context,
  id: string | undefined,
  { last, all = false }: ResumeOptions,
): Promise<string[] | undefined> {
  if (id !== undefined) return ['--', id];
  if (last) return ['--last', ...(all ? ['--all'] : [])];
  if (!canPick()) {
    throw new HotswapError(
      'usage',
      '`resume` needs a thread when there is no terminal',
      'give its id, or --last; for the ids: codex-hotswap sessions',
    );
  }
  const picked = await pickThread({
    ...{ paths: context.paths, now: context.now, directory: process.cwd() },
    ...{ everywhere: all, everySource: true, verb: 'Resume' },
  });
  if (picked.kind === 'none') {
    context.say(all ? 'no threads yet' : 'no threads in this directory; for others: --all');
  }
  return picked.kind === 'thread' ? ['--', picked.id] : undefined;
}
