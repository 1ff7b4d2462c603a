import { Command } from 'commander';
import { findThreads, type StoredThread } from '../codex/find-threads.ts';
import { readThreadPreview } from '../codex/thread-preview.ts';
import { HotswapError } from '../errors.ts';
import { type KnownThread, listKnownThreads } from '../session/known-threads.ts';
import { readLaunches } from '../session/registry.ts';
import { canonicalDirectory } from '../state/directories.ts';
import { type Context, requireConfig } from './context.ts';
import { splitAtDashes } from './launch.ts';
import { canAsk, pickOne } from './pick.ts';
import { describeTime } from './time-text.ts';

interface ResumeCommandOptions {
  last?: boolean;
  all?: boolean;
  here?: boolean;
  wait?: boolean;
}

export function resumeCommand(context: Context): Command {
  return new Command('resume')
    .description('go on with a thread, whatever account it belongs to')
    .argument('[thread]', 'its id; to be chosen from a list when left out')
    .argument('[arguments...]', 'after --: what codex is to be given besides')
    .option('--last', 'the one that was used last in this directory')
    .option('--all', 'those of all directories')
    .option('--here', 'under the account new sessions start with, not the thread’s own')
    .option('--wait', 'when every account is at its limit, wait for the first to come back')
    .addHelpText(
      'after',
      '\nExamples:\n  codex-hotswap resume\n  codex-hotswap resume --last -- --model gpt-5.4',
    )
    .action(async (_thread, _rest, options: ResumeCommandOptions, command: Command) => {
      requireConfig(context);
      const { own, others } = splitAtDashes(command);
      if (own.length > 1) {
        throw new HotswapError(
          'usage',
          `\`resume\` takes one thread, but there are ${own.join(', ')}`,
          'what codex is to be given stands after --',
        );
      }
      const words = await chooseThread(context, own[0], options);
      if (words === undefined) return;
      const { launchCodex } = await import('../launch/launch.ts');
      await launchCodex({
        real: undefined,
        args: ['resume', ...others, ...words],
        env: context.env,
        cwd: process.cwd(),
        here: options.here ?? false,
        wait: options.wait ?? false,
      });
    });
}

/** How `codex resume` is told which thread; undefined when the person leaves the list. */
async function chooseThread(
  context: Context,
  id: string | undefined,
  { last, all = false }: ResumeCommandOptions,
): Promise<string[] | undefined> {
  if (id !== undefined) return ['--', id];
  if (last) return ['--last', ...(all ? ['--all'] : [])];
  if (!canAsk()) {
    throw new HotswapError(
      'usage',
      'which thread is to be resumed?',
      'give its id, or --last; for the ids: codex-hotswap sessions',
    );
  }
  const threads = await listThreads(context, all);
  if (threads.length === 0) {
    context.say(all ? 'no threads yet' : 'no threads in this directory; for others: --all');
    return undefined;
  }
  const title = all ? 'Resume:' : 'Resume, of this directory:';
  const chosen = await pickOne(
    title,
    threads.map(({ thread, account, preview }) => ({
      label: [
        describeTime(thread.updatedAt / 1000, context.now).padEnd(12),
        (account ?? '-').padEnd(10),
        preview ?? '(no prompt)',
        ...(all && thread.cwd !== undefined ? [`[${thread.cwd}]`] : []),
      ].join('  '),
      hint: `${thread.id} ${thread.cwd ?? ''}`,
    })),
  );
  const thread = chosen === undefined ? undefined : threads[chosen]?.thread;
  return thread === undefined ? undefined : ['--', thread.id];
}

const LISTED = 200;

interface ListedThread {
  thread: StoredThread;
  /** The target it ran under last, as far as is known. */
  account: string | undefined;
  preview: string | undefined;
}

async function listThreads({ paths, now }: Context, all: boolean): Promise<ListedThread[]> {
  const known = listKnownThreads(readLaunches(paths, { now }).launches);
  const here = canonicalDirectory(process.cwd());
  const threads = await findThreads({
    codexHome: paths.sharedHome,
    known: known.map(({ rollout }) => rollout),
    fits: ({ cwd }) => all || (cwd !== undefined && canonicalDirectory(cwd) === here),
    limit: LISTED,
  });
  const lastOf = new Map(known.map(({ thread, last }: KnownThread) => [thread, last.target]));
  return Promise.all(
    threads.map(async (thread) => ({
      thread,
      account: lastOf.get(thread.id),
      preview: await readThreadPreview(thread.rollout),
    })),
  );
}
