import { Command } from 'commander';
import { findThreads, type StoredThread } from '../../codex/find-threads.ts';
import { readThreadPreview } from '../../codex/thread-preview.ts';
import { HotswapError } from '../../errors.ts';
import { describeTime } from '../../local-time.ts';
import { listKnownThreads } from '../../registry/known-threads.ts';
import { readLaunches } from '../../registry/launch-record.ts';
import { canonicalDirectory } from '../../state/directories.ts';
import { type Context, requireConfig } from '../context.ts';
import { splitAtDashes, startCodex } from './launch.ts';
import { type Choice, canPick, pickFrom, type View } from './pick.ts';
import { listAccounts } from './session-report.ts';

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
  const viewOf = (everywhere: boolean): View => ({
    title: everywhere ? 'Resume:' : 'Resume, of this directory:',
    name: everywhere ? 'all directories' : 'this directory',
    load: () => listThreads(context, everywhere),
  });
  const first = viewOf(all);
  const choices = await first.load();
  if (choices.length === 0) {
    context.say(all ? 'no threads yet' : 'no threads in this directory; for others: --all');
    return undefined;
  }
  const chosen = await pickFrom([{ ...first, load: async () => choices }, viewOf(!all)]);
  return chosen === undefined ? undefined : ['--', chosen];
}

const MOST_THREADS = 200;

async function listThreads({ paths, now }: Context, everywhere: boolean): Promise<Choice[]> {
  const { launches } = readLaunches(paths, { now });
  const here = canonicalDirectory(process.cwd());
  const threads = await findThreads({
    codexHome: paths.sharedHome,
    known: listKnownThreads(launches).map(({ rollout }) => rollout),
    fits: ({ cwd }) => everywhere || (cwd !== undefined && canonicalDirectory(cwd) === here),
    limit: MOST_THREADS,
  });
  const segments = launches.flatMap((launch) => launch.segments);
  const choices: Choice[] = [];
  // One at a time, because each preview needs a buffer of half a megabyte.
  for (const thread of threads) {
    const own = segments
      .filter((segment) => segment.thread === thread.id)
      .sort((a, b) => (a.from < b.from ? -1 : 1));
    const prompt = (await readThreadPreview(thread.rollout)) ?? '(no prompt)';
    choices.push(choiceOf(thread, listAccounts(own), prompt, { everywhere, now }));
  }
  return choices;
}

/** @param accounts the targets that the thread ran under, the oldest first. */
function choiceOf(
  { id, cwd, updatedAt }: StoredThread,
  accounts: readonly string[],
  prompt: string,
  { everywhere, now }: { everywhere: boolean; now: Date },
): Choice {
  return {
    value: id,
    label: [
      describeTime(updatedAt / 1000, now).padEnd(14),
      (accounts.at(-1) ?? '-').padEnd(10),
      prompt,
      ...(everywhere && cwd !== undefined ? [`[${cwd}]`] : []),
    ].join('  '),
    hint: `${id} ${cwd ?? ''}`,
    preview: [
      prompt,
      `${id}${cwd === undefined ? '' : ` in ${cwd}`}`,
      accounts.length === 0
        ? 'account unknown, because codex-hotswap did not start this thread'
        : `ran under ${accounts.join(' → ')}`,
    ],
  };
}
