import {
  type Arity,
  COMMANDS,
  EXEC_COMMANDS,
  OPTIONS,
  type OptionSpec,
  POSITIONALS,
  type SupervisedCommand,
} from './grammar.ts';

/** One option as the user gave it. */
export interface Flag {
  /** The long name without dashes, aliases folded (`yolo` → `dangerously-bypass-approvals-and-sandbox`). */
  name: string;
  values: string[];
  /** The very words of the command line, to be given again as they were. */
  argv: string[];
  /** How many command words stood before it: 0 for `codex -m x resume`, 1 for `codex resume -m x`. */
  level: number;
  /** False for an option of a Codex newer than our tables, when it is open whether the next word is its value. */
  certain: boolean;
}

interface Words {
  flags: Flag[];
  positionals: string[];
  /** False when an unknown option makes it open which words are its value and which are prompts. */
  certain: boolean;
}

export type InteractiveCommand = 'codex' | 'resume' | 'fork';
export type ExecCommand = Exclude<SupervisedCommand, InteractiveCommand>;
export type PassthroughReason =
  | 'help'
  | 'version'
  | 'utility'
  | 'remote'
  | 'login'
  | 'logout'
  /** Codex will refuse it itself (a value missing, one word too many), so its own words must be seen. */
  | 'malformed';

export type InteractiveInvocation = Words & { mode: 'interactive'; command: InteractiveCommand };
export type ExecInvocation = Words & { mode: 'exec'; command: ExecCommand };
export type PassthroughInvocation = {
  mode: 'passthrough';
  reason: PassthroughReason;
  command?: string;
  /** The words after the command word, for `login status` and the like. */
  rest: string[];
};
export type Invocation = InteractiveInvocation | ExecInvocation | PassthroughInvocation;

/**
 * Reads a command line as Codex's own clap grammar does (facts 6): an option may stand before or after the command
 * word, a command word is seen even after a prompt (`codex foo resume` is `resume`), a greedy `-i` eats it.
 * @param args the words after `codex`.
 * @param learned options of this very binary that our tables do not know (from its `--help`).
 */
export function parseArgv(
  args: readonly string[],
  learned: readonly OptionSpec[] = [],
): Invocation {
  const asked = askedForHelp(args);
  if (asked !== undefined) return { mode: 'passthrough', reason: asked, rest: [...args] };

  let command: SupervisedCommand = 'codex';
  let level = 0;
  const words: Words = { flags: [], positionals: [], certain: true };

  for (let index = 0; index < args.length; ) {
    const word = args[index] as string;
    if (word === '--') {
      words.positionals.push(...args.slice(index + 1));
      break;
    }
    if (isOption(word)) {
      const read = readOption(args, index, [...OPTIONS[command], ...learned]);
      if (read === undefined) return { mode: 'passthrough', reason: 'malformed', rest: [...args] };
      words.flags.push({ ...read, argv: args.slice(index, read.next), level });
      words.certain &&= read.certain;
      index = read.next;
      continue;
    }
    index += 1;
    const sub = subcommandOf(command, word);
    if (sub === undefined) {
      words.positionals.push(word);
    } else if (isSupervised(sub)) {
      command = sub;
      level += 1;
      words.positionals = [];
    } else {
      return {
        mode: 'passthrough',
        reason: utilityReason(sub),
        command: sub,
        rest: args.slice(index),
      };
    }
  }

  if (words.flags.some(({ name }) => name === 'remote')) {
    return { mode: 'passthrough', reason: 'remote', command, rest: [...args] };
  }
  if (words.certain && words.positionals.length > POSITIONALS[command]) {
    return { mode: 'passthrough', reason: 'malformed', command, rest: [...args] };
  }
  return isInteractive(command)
    ? { mode: 'interactive', command, ...words }
    : { mode: 'exec', command, ...words };
}

/** Whether an option was given, at whatever place, under whatever spelling. */
export function hasFlag(invocation: Invocation, name: string): boolean {
  return invocation.mode !== 'passthrough' && invocation.flags.some((flag) => flag.name === name);
}

/** All values of an option, in the order given. */
export function flagValues(invocation: Invocation, name: string): string[] {
  if (invocation.mode === 'passthrough') return [];
  return invocation.flags.filter((flag) => flag.name === name).flatMap(({ values }) => values);
}

/** The key of a `-c key=value` pair. */
export function configKey(pair: string): string {
  return (pair.split('=', 1)[0] as string).trim();
}

/** What the positionals of a command mean: `resume --last X` has a prompt, `resume X` a session (facts 6). */
export function promptAndSession(invocation: Invocation): { session?: string; prompt?: string } {
  if (invocation.mode === 'passthrough') return {};
  const [first, second] = invocation.positionals;
  const named = /(?:^|\s)(?:resume|fork)$/.test(invocation.command) && !hasFlag(invocation, 'last');
  const [session, prompt] = named ? [first, second] : [undefined, first];
  return {
    ...(session === undefined ? {} : { session }),
    ...(prompt === undefined ? {} : { prompt }),
  };
}

const HELP = new Map<string, 'help' | 'version'>([
  ['-h', 'help'],
  ['--help', 'help'],
  ['-V', 'version'],
  ['--version', 'version'],
]);

function askedForHelp(args: readonly string[]): 'help' | 'version' | undefined {
  for (const word of args) {
    if (word === '--') return undefined;
    const asked = HELP.get(word);
    if (asked !== undefined) return asked;
  }
  return undefined;
}

// clap takes a lone `-` as a word: it is how `exec -` asks for a prompt on stdin.
function isOption(word: string): boolean {
  return word.startsWith('-') && word !== '-';
}

type ReadOption = Pick<Flag, 'name' | 'values' | 'certain'> & { next: number };

/** One option with its values, or undefined when a value is missing. */
function readOption(
  args: readonly string[],
  index: number,
  options: readonly OptionSpec[],
): ReadOption | undefined {
  const word = args[index] as string;
  const long = word.startsWith('--');
  // `-mgpt` and `-m=gpt` are the value `gpt`. No short option is without a value, so there are no clusters of flags.
  const name = long ? (word.slice(2).split('=', 1)[0] as string) : word.slice(1, 2);
  const rest = long ? word.slice(2 + name.length) : word.slice(2);
  const attached = rest === '' ? undefined : rest.replace(/^=/, '');
  const spec = options.find((option) =>
    long ? option.name === name || option.aliases?.includes(name) : option.short === name,
  );
  if (spec === undefined) return readUnknown(args, index, name, attached);
  if (spec.arity === 'none' || attached !== undefined) {
    const values = attached === undefined ? [] : [attached];
    return { name: spec.name, values, certain: true, next: index + 1 };
  }
  const values = takeValues(args, index + 1, spec.arity);
  if (values.length === 0) return undefined;
  return { name: spec.name, values, certain: true, next: index + 1 + values.length };
}

function readUnknown(
  args: readonly string[],
  index: number,
  name: string,
  attached: string | undefined,
): ReadOption {
  const following = args[index + 1];
  const open = attached === undefined && following !== undefined && !isOption(following);
  const values = attached === undefined ? [] : [attached];
  return { name, values, certain: !open, next: index + 1 };
}

function takeValues(
  args: readonly string[],
  from: number,
  arity: Exclude<Arity, 'none'>,
): string[] {
  const most = arity === 'one' ? from + 1 : args.length;
  let end = from;
  while (end < most && end < args.length && !isOption(args[end] as string)) end += 1;
  return args.slice(from, end);
}

function subcommandOf(command: SupervisedCommand, word: string): string | undefined {
  if (command === 'codex') return COMMANDS.get(word);
  if (command === 'exec' && EXEC_COMMANDS.has(word)) return word === 'help' ? word : `exec ${word}`;
  return undefined;
}

function isSupervised(command: string): command is SupervisedCommand {
  return Object.hasOwn(OPTIONS, command);
}

function isInteractive(command: SupervisedCommand): command is InteractiveCommand {
  return command === 'codex' || command === 'resume' || command === 'fork';
}

function utilityReason(command: string): PassthroughReason {
  return command === 'help' || command === 'login' || command === 'logout' ? command : 'utility';
}
