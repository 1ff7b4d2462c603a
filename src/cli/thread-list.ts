import { findThreads, type StoredThread } from '../codex/find-threads.ts';
import { readThreadPreview } from '../codex/thread-preview.ts';
import type { PickedThread, ThreadListQuestion } from '../launch/hidden-threads.ts';
import { describeTime } from '../local-time.ts';
import { listKnownThreads } from '../registry/known-threads.ts';
import { readLaunches } from '../registry/launch-record.ts';
import { canonicalDirectory } from '../state/directories.ts';
import { type Choice, pickFrom, type View } from './session/pick.ts';
import { listAccounts } from './session/session-report.ts';

const MOST_THREADS = 200;
const OWN_LIST = 'own-list';
const NEW_THREAD = 'new-thread';

/**
 * Lets a person choose a thread of any account: of this directory first, with Tab of all directories (or the other way
 * round). This file is a bundle of its own, because a start of codex needs it seldom.
 */
export async function pickThread(question: ThreadListQuestion): Promise<PickedThread> {
  const { verb, everywhere, ownList } = question;
  const viewOf = (all: boolean): View => ({
    title: all ? `${verb}:` : `${verb}, of this directory:`,
    name: all ? 'all directories' : 'this directory',
    load: () => listThreads(question, all),
  });
  const first = viewOf(everywhere);
  const choices = await first.load();
  if (choices.length === 0) return { kind: 'none' };
  const chosen = await pickFrom(
    [{ ...first, load: async () => choices }, viewOf(!everywhere)],
    ownList === undefined ? {} : asCodexDoes(ownList),
  );
  if (chosen === undefined) return { kind: 'left' };
  if (chosen === OWN_LIST || chosen === NEW_THREAD) return { kind: chosen };
  return { kind: 'thread', id: chosen };
}

/** In Codex's own list Escape begins a new thread. */
function asCodexDoes(ownList: string): Parameters<typeof pickFrom>[1] {
  const entry = { value: OWN_LIST, label: 'Codex’s own list', preview: [ownList] };
  return { last: entry, onEscape: { value: NEW_THREAD, name: 'begins a new thread' } };
}

async function listThreads(
  { paths, now, directory, everySource }: ThreadListQuestion,
  everywhere: boolean,
): Promise<Choice[]> {
  const { launches } = readLaunches(paths, { now });
  const here = canonicalDirectory(directory);
  const threads = await findThreads({
    codexHome: paths.sharedHome,
    known: listKnownThreads(launches).map(({ rollout }) => rollout),
    fits: ({ cwd, source }) =>
      (everywhere || (cwd !== undefined && canonicalDirectory(cwd) === here)) &&
      (everySource || source === 'cli' || source === 'vscode'),
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
      describeTime(updatedAt / 1000, now).padEnd(12),
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
