import {
  configKey,
  type ExecInvocation,
  type Flag,
  type InteractiveInvocation,
  leavesThread,
  type SessionInvocation,
} from './argv.ts';
import { quoteToml } from './toml.ts';

/** What the resumed thread is told. */
export interface ResumeOptions {
  /** The directory the thread works in; without `-C` Codex asks in a modal when it differs (fact 49). */
  cwd?: string;
  /** The first prompt; empty or absent leaves the composer idle. */
  prompt?: string;
  /** Model and effort of the thread's last turn; used only where the user's flags would override the thread's own. */
  model?: string;
  effort?: string;
  /** Codex has put the thread on the reserve model by itself; these two are its own, and are to be said again. */
  onReserve?: boolean;
}

/**
 * The command line that goes on with exactly this thread (never `--last`, fact 59) under the user's own flags.
 * Flags stay on their side of the word `resume`: Codex merges the two, but the same flag twice on one side is an error.
 * Left out: prompt and images (in the history already), `--last`, `--all`, `--worktree` (would make another one), `-C`.
 */
export function resumeArgv(
  invocation: InteractiveInvocation,
  threadId: string,
  options: ResumeOptions,
): string[] {
  const flags = keptFlags(invocation.flags, options);
  return [
    ...wordsAt(flags, 0),
    'resume',
    ...wordsAt(flags, 1),
    ...lastModel(invocation.flags, options),
    ...directory(options),
    ...thread(threadId, options),
  ];
}

/**
 * The same for `codex exec`. `-C`, `-s` and the like are no options of `exec resume` and stand before that word.
 * Undefined when there is nothing to resume: a review, or a run that keeps no session file.
 */
export function execResumeArgv(
  invocation: ExecInvocation,
  threadId: string,
  options: ResumeOptions,
): string[] | undefined {
  if (!leavesThread(invocation)) return undefined;
  const flags = keptFlags(invocation.flags, options);
  return [
    ...wordsAt(flags, 0),
    'exec',
    ...wordsAt(flags, 1),
    ...directory(options),
    'resume',
    ...wordsAt(flags, 2),
    ...lastModel(invocation.flags, options),
    ...thread(threadId, options),
  ];
}

const NOT_AGAIN = new Set(['image', 'last', 'all', 'include-non-interactive', 'worktree', 'cd']);
const MODEL_KEYS = new Set(['model', 'model_reasoning_effort']);

// A flag we do not know, followed by a word that may be its value or the prompt, cannot be given again safely.
function keptFlags(flags: readonly Flag[], options: ResumeOptions): Flag[] {
  const replaced = options.model !== undefined && overridesModel(flags);
  return flags.filter(
    (flag) => flag.certain && !NOT_AGAIN.has(flag.name) && !(replaced && setsModel(flag)),
  );
}

/**
 * Codex restores model and effort from the thread unless a flag or profile names one of them; then *all* come from the
 * flags (fact 48). So where the user's flags would override, the thread's own last model and effort are said instead:
 * it was started with those flags, and a `/model` typed since then must not be undone.
 */
function lastModel(flags: readonly Flag[], options: ResumeOptions): string[] {
  const { model, effort, onReserve = false } = options;
  if (model === undefined || !(onReserve || overridesModel(flags))) return [];
  const effortWords =
    effort === undefined ? [] : ['-c', `model_reasoning_effort=${quoteToml(effort)}`];
  return ['-m', model, ...effortWords];
}

function overridesModel(flags: readonly Flag[]): boolean {
  return flags.some(
    (flag) =>
      setsModel(flag) ||
      flag.name === 'profile' ||
      (flag.name === 'config' && flag.values.some((pair) => configKey(pair) === 'model_provider')),
  );
}

function setsModel({ name, values }: Flag): boolean {
  if (name === 'model') return true;
  return name === 'config' && values.some((pair) => MODEL_KEYS.has(configKey(pair)));
}

function wordsAt(flags: readonly Flag[], level: number): string[] {
  return flags.filter((flag) => flag.level === level).flatMap(({ argv }) => argv);
}

function directory({ cwd }: ResumeOptions): string[] {
  return cwd === undefined ? [] : ['-C', cwd];
}

// After `--` no greedy option can eat the id, and a prompt may begin with a dash.
function thread(threadId: string, { prompt }: ResumeOptions): string[] {
  return ['--', threadId, ...(prompt === undefined || prompt === '' ? [] : [prompt])];
}

/**
 * The user's own command line with a certain thread in the place of `--last`: by id Codex opens every thread, whatever
 * account began it, where `--last` would not find it and silently begin a new one (fact 59).
 */
export function pinThread<Kind extends SessionInvocation>(
  invocation: Kind,
  threadId: string,
): Kind {
  const flags = invocation.flags.filter(({ name }) => !PICKS_THREAD.has(name));
  const positionals = [threadId, ...invocation.positionals];
  const command = invocation.command.split(' ');
  const words = command.flatMap((word, index) => [word, ...wordsAt(flags, index + 1)]);
  return {
    ...invocation,
    flags,
    positionals,
    args: [...wordsAt(flags, 0), ...words, '--', ...positionals],
  };
}

const PICKS_THREAD = new Set(['last', 'all', 'include-non-interactive']);
