import { Command } from 'commander';
import { findThreads, type StoredThread } from '../../codex/find-threads.ts';
import { readThreadPreview } from '../../codex/thread-preview.ts';
import { HotswapError } from '../../errors.ts';
import { listKnownThreads } from '../../registry/known-threads.ts';
import { readLaunches } from '../../registry/launch-record.ts';
import { canonicalDirectory } from '../../state/directories.ts';
import { type Choice, canAsk, pickFrom, type View } from '../accounts/pick.ts';
import { type Context, requireConfig } from '../context.ts';
import { describeTime } from '../time-text.ts';
import { splitAtDashes } from './launch.ts';

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
      const { launchCodex } = await import('../../launch/launch.ts');
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

/** The arguments of `codex resume` that name the thread; undefined when the person leaves the list. */
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
      '`resume` needs a thread where nobody can be asked',
      'give its id, or --last; for the ids: codex-hotswap sessions',
    );
  }
  const lists: ListedThread[][] = [];
  const viewOf = (everywhere: boolean): View => ({
    title: everywhere ? 'Resume:' : 'Resume, of this directory:',
    name: everywhere ? 'all directories' : 'this directory',
    async load() {
      const threads = await listThreads(context, everywhere);
      lists[everywhere ? 1 : 0] = threads;
      return threads.map((listed) => choiceOf(listed, everywhere, context.now));
    },
  });
  const first = viewOf(all);
  const choices = await first.load();
  if (choices.length === 0) {
    context.say(all ? 'no threads yet' : 'no threads in this directory; for others: --all');
    return undefined;
  }
  const picked = await pickFrom([{ ...first, load: async () => choices }, viewOf(!all)]);
  if (picked === undefined) return undefined;
  const everywhere = all === (picked.view === 0);
  const chosen = lists[everywhere ? 1 : 0]?.[picked.choice];
  return chosen === undefined ? undefined : ['--', chosen.thread.id];
}

function choiceOf(
  { thread, accounts, preview }: ListedThread,
  everywhere: boolean,
  now: Date,
): Choice {
  const prompt = preview ?? '(no prompt)';
  const place = thread.cwd === undefined ? '' : ` in ${thread.cwd}`;
  return {
    label: [
      describeTime(thread.updatedAt / 1000, now).padEnd(12),
      (accounts.at(-1) ?? '-').padEnd(10),
      prompt,
      ...(everywhere && thread.cwd !== undefined ? [`[${thread.cwd}]`] : []),
    ].join('  '),
    hint: `${thread.id} ${thread.cwd ?? ''}`,
    preview: [
      prompt,
      `${thread.id}${place}`,
      accounts.length === 0
        ? 'not begun by codex-hotswap, so its account is not known'
        : `ran under ${accounts.join(' → ')}`,
    ],
  };
}

const LISTED = 200;

interface ListedThread {
  thread: StoredThread;
  /** The targets that the thread ran under, the oldest first. */
  accounts: string[];
  preview: string | undefined;
}

async function listThreads({ paths, now }: Context, all: boolean): Promise<ListedThread[]> {
  const { launches } = readLaunches(paths, { now });
  const here = canonicalDirectory(process.cwd());
  const threads = await findThreads({
    codexHome: paths.sharedHome,
    known: listKnownThreads(launches).map(({ rollout }) => rollout),
    fits: ({ cwd }) => all || (cwd !== undefined && canonicalDirectory(cwd) === here),
    limit: LISTED,
  });
  const segments = launches.flatMap((launch) => launch.segments);
  const listed: ListedThread[] = [];
  // One at a time, because each preview needs a buffer of half a megabyte.
  for (const thread of threads) {
    const accounts = segments
      .filter((segment) => segment.thread === thread.id)
      .sort((a, b) => (a.from < b.from ? -1 : 1))
      .map(({ target }) => target)
      .filter((target, index, names) => target !== names[index - 1]);
    listed.push({ thread, accounts, preview: await readThreadPreview(thread.rollout) });
  }
  return listed;
}
