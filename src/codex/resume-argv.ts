import {
  type ExecInvocation,
  type Flag,
  type InteractiveInvocation,
  leavesResumableThread,
  readConfigKey,
  type SessionInvocation,
} from './argv.ts';
import { quoteToml } from './toml.ts';

/** The settings of the resumed thread. */
export interface ResumeOptions {
  /** The directory of the thread, for `-C`: without it Codex asks when the directories differ (fact 49). */
  cwd?: string;
  /** The first prompt; with none, or an empty one, the composer stays idle. */
  prompt?: string;
  /** Model and effort of the thread's last turn. They are set only when the user's flags would override them. */
  model?: string;
  effort?: string;
  /** Codex switched the thread to the reserve model (fact 74): model and effort are always set. */
  onReserve?: boolean;
}

/**
 * The command line that resumes this thread by its id (`--last` may miss it, fact 59) under the user's flags. A flag
 * stays before or after the word `resume`, because one flag twice on the same side is an error. Left out: prompt and
 * images, which the history has; `--last`, `--all` and `-C`; `--worktree`, which would make another worktree.
 */
export function buildResumeArgv(
  invocation: InteractiveInvocation,
  threadId: string,
  options: ResumeOptions,
): string[] {
  const flags = keepFlags(invocation.flags, options);
  return [
    ...wordsAt(flags, 0),
    'resume',
    ...wordsAt(flags, 1),
    ...modelWords(invocation.flags, options),
    ...directoryWords(options),
    ...threadWords(threadId, options),
  ];
}

/**
 * The same for `codex exec`. `-C`, `-s` and some others must stand before the word `resume` (fact 50).
 * Undefined when there is no thread to resume: a review, or `--ephemeral`.
 */
export function buildExecResumeArgv(
  invocation: ExecInvocation,
  threadId: string,
  options: ResumeOptions,
): string[] | undefined {
  if (!leavesResumableThread(invocation)) return undefined;
  const flags = keepFlags(invocation.flags, options);
  return [
    ...wordsAt(flags, 0),
    'exec',
    ...wordsAt(flags, 1),
    ...directoryWords(options),
    'resume',
    ...wordsAt(flags, 2),
    ...modelWords(invocation.flags, options),
    ...threadWords(threadId, options),
  ];
}

const NOT_REPEATED = new Set(['image', 'last', 'all', 'include-non-interactive', 'worktree', 'cd']);
const MODEL_KEYS = new Set(['model', 'model_reasoning_effort']);

/** Drops an ambiguous flag: the next word may be its value or the prompt. */
function keepFlags(flags: readonly Flag[], options: ResumeOptions): Flag[] {
  const replaced = options.model !== undefined && overridesModel(flags);
  return flags.filter(
    (flag) => !flag.ambiguous && !NOT_REPEATED.has(flag.name) && !(replaced && setsModel(flag)),
  );
}

/**
 * Sets the thread's last model and effort when a flag or a profile names one of them: Codex would then take both from the
 * flags (fact 48), and a `/model` of the user would be lost. Else Codex takes both from the thread.
 */
function modelWords(flags: readonly Flag[], options: ResumeOptions): string[] {
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
      (flag.name === 'config' &&
        flag.values.some((pair) => readConfigKey(pair) === 'model_provider')),
  );
}

function setsModel({ name, values }: Flag): boolean {
  if (name === 'model') return true;
  return name === 'config' && values.some((pair) => MODEL_KEYS.has(readConfigKey(pair)));
}

function wordsAt(flags: readonly Flag[], level: number): string[] {
  return flags.filter((flag) => flag.level === level).flatMap(({ argv }) => argv);
}

function directoryWords({ cwd }: ResumeOptions): string[] {
  return cwd === undefined ? [] : ['-C', cwd];
}

/** After `--` the id is no value of `-i`, and the prompt may begin with a dash. */
function threadWords(threadId: string, { prompt }: ResumeOptions): string[] {
  return ['--', threadId, ...(prompt === undefined || prompt === '' ? [] : [prompt])];
}

/**
 * The user's command line with a thread id instead of `--last`. With an id Codex opens a thread of any account.
 * `--last` does not find a thread of another account, and silently begins a new one (fact 59).
 */
export function pinThread<Kind extends SessionInvocation>(
  invocation: Kind,
  threadId: string,
): Kind {
  const flags = flagsForThread(invocation);
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

/** The user's bare `codex resume` as the command line that begins a new thread. */
export function beginThread(invocation: SessionInvocation): InteractiveInvocation {
  const flags = flagsForThread(invocation).map((flag) => ({ ...flag, level: 0 }));
  const args = wordsAt(flags, 0);
  return { mode: 'interactive', command: 'codex', args, flags, positionals: [], ambiguous: false };
}

function flagsForThread({ flags }: SessionInvocation): Flag[] {
  return flags.filter(({ name }) => !PICKS_THREAD.has(name));
}

const PICKS_THREAD = new Set(['last', 'all', 'include-non-interactive']);
