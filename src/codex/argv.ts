import {
  type Arity,
  COMMANDS,
  EXEC_COMMANDS,
  OPTIONS,
  type OptionSpec,
  POSITIONALS,
  STDIO_SERVER,
  STDIO_URL,
  type SupervisedCommand,
} from './grammar.ts';
import { dropUndefined } from './json.ts';

/** One option as the user gave it. */
export interface Flag {
  /** The long name without dashes, aliases folded (`yolo` → `dangerously-bypass-approvals-and-sandbox`). */
  name: string;
  values: string[];
  /** The words of the command line, unchanged. */
  argv: string[];
  /** The number of command words before the option: 0 for `codex -m x resume`, 1 for `codex resume -m x`. */
  level: number;
  /** True for an unknown option when the next word may be its value. */
  ambiguous: boolean;
}

interface Words {
  /** All words, as they go to Codex. */
  args: readonly string[];
  flags: readonly Flag[];
  positionals: readonly string[];
  /** One of the options is ambiguous: a positional may be its value. */
  ambiguous: boolean;
}

export type InteractiveCommand = 'codex' | 'resume' | 'fork';
export type ServerCommand = 'app-server';
export type ExecCommand = Exclude<SupervisedCommand, InteractiveCommand | ServerCommand>;
export type PassthroughReason =
  | 'help'
  | 'version'
  | 'utility'
  | 'remote'
  | 'login'
  | 'logout'
  /** A value is missing, or there is one word too many: Codex shows the usage error. */
  | 'malformed';

export type InteractiveInvocation = Words & { mode: 'interactive'; command: InteractiveCommand };
export type ExecInvocation = Words & { mode: 'exec'; command: ExecCommand };
/** An app-server that serves one client on its stdin and stdout. */
export type ServerInvocation = Words & { mode: 'app-server'; command: ServerCommand };
/** A command of which we supervise the child. */
export type SessionInvocation = InteractiveInvocation | ExecInvocation | ServerInvocation;
export type PassthroughInvocation = {
  mode: 'passthrough';
  args: readonly string[];
  reason: PassthroughReason;
  command?: string;
  /** The words after the command word: `status` of `login status`. */
  rest: readonly string[];
};
export type Invocation = SessionInvocation | PassthroughInvocation;

/**
 * Reads a command line as Codex's clap grammar does (fact 46): an option may stand before or after the command word. A
 * command word counts even after a prompt (`codex foo resume` is `resume`), but `-i` takes it as one more image.
 * A launch parses once; `dropOption` and `pinThread` edit the result.
 * @param args the words after `codex`.
 */
export function parseArgv(args: readonly string[]): Invocation {
  const asked = findHelpOption(args);
  if (asked !== undefined) return passThrough(asked, args);

  let command: SupervisedCommand = 'codex';
  let level = 0;
  const flags: Flag[] = [];
  let positionals: string[] = [];

  for (let index = 0; index < args.length; ) {
    const word = args[index] as string;
    if (word === '--') {
      positionals.push(...args.slice(index + 1));
      break;
    }
    if (isOption(word)) {
      const read = readOption(args, index, OPTIONS[command]);
      if (read === undefined) return passThrough('malformed', args);
      const { next, ...option } = read;
      flags.push({ ...option, argv: args.slice(index, next), level });
      index = next;
      continue;
    }
    index += 1;
    const sub = findSubcommand(command, word);
    if (sub === undefined) {
      positionals.push(word);
    } else if (isSupervised(sub)) {
      command = sub;
      level += 1;
      positionals = [];
    } else {
      const reason = findReason(sub);
      return { mode: 'passthrough', reason, args, command: sub, rest: args.slice(index) };
    }
  }
  return toInvocation(command, { args, flags, positionals });
}

/** The command line without one of our own options. @param name of an option without a value. */
export function dropOption(invocation: SessionInvocation, name: string): Invocation {
  const dashes = invocation.args.indexOf('--');
  // In clap no value begins with a dash, so before `--` the word is this option.
  const isDropped = (word: string, index: number) =>
    word === `--${name}` && (dashes === -1 || index < dashes);
  return toInvocation(invocation.command, {
    args: invocation.args.filter((word, index) => !isDropped(word, index)),
    flags: invocation.flags.filter((flag) => flag.name !== name || flag.values.length > 0),
    positionals: invocation.positionals,
  });
}

function toInvocation(command: SupervisedCommand, given: Omit<Words, 'ambiguous'>): Invocation {
  const { args, flags, positionals } = given;
  const words = { ...given, ambiguous: flags.some((flag) => flag.ambiguous) };
  if (flags.some(({ name }) => name === 'remote')) return passThrough('remote', args, command);
  if (!words.ambiguous && positionals.length > POSITIONALS[command]) {
    return passThrough('malformed', args, command);
  }
  if (command === 'app-server') {
    if (!servesStdio(flags)) return passThrough('utility', args, command);
    return { mode: 'app-server', command, ...words };
  }
  return isInteractive(command)
    ? { mode: 'interactive', command, ...words }
    : { mode: 'exec', command, ...words };
}

/** In doubt false: an app-server on a socket, and one that only signs out, must not run in an overlay. */
function servesStdio(flags: readonly Flag[]): boolean {
  return flags.every(
    ({ name, level, values }) =>
      STDIO_SERVER[level]?.has(name) && (name !== 'listen' || values[0] === STDIO_URL),
  );
}

function passThrough(
  reason: PassthroughReason,
  args: readonly string[],
  command?: string,
): PassthroughInvocation {
  return { mode: 'passthrough', reason, args, rest: args, ...(command && { command }) };
}

/** Whether the command resumes or forks a thread. */
export function continuesThread(invocation: Invocation): invocation is SessionInvocation {
  return invocation.mode !== 'passthrough' && /(?:^|\s)(?:resume|fork)$/.test(invocation.command);
}

/** Whether the thread can be resumed afterwards. The thread of a review cannot: a review runs as a whole. */
export function leavesResumableThread(invocation: SessionInvocation): boolean {
  return !/review$/.test(invocation.command) && !hasFlag(invocation, 'ephemeral');
}

/** Whether an option was given, before or after the command word, under any of its names. */
export function hasFlag(invocation: Invocation, name: string): boolean {
  return invocation.mode !== 'passthrough' && invocation.flags.some((flag) => flag.name === name);
}

/** All values of an option, in order. */
export function listFlagValues(invocation: Invocation, name: string): string[] {
  if (invocation.mode === 'passthrough') return [];
  return invocation.flags.filter((flag) => flag.name === name).flatMap(({ values }) => values);
}

/** The key of a `-c key=value` pair. */
export function readConfigKey(pair: string): string {
  return (pair.split('=', 1)[0] as string).trim();
}

/** Splits the positionals: in `resume --last X` X is a prompt, in `resume X` a session (fact 47). */
export function readPromptAndSession(invocation: Invocation): {
  session?: string;
  prompt?: string;
} {
  if (invocation.mode === 'passthrough') return {};
  const [first, second] = invocation.positionals;
  const named = continuesThread(invocation) && !hasFlag(invocation, 'last');
  return dropUndefined(named ? { session: first, prompt: second } : { prompt: first });
}

const HELP = new Map<string, 'help' | 'version'>([
  ['-h', 'help'],
  ['--help', 'help'],
  ['-V', 'version'],
  ['--version', 'version'],
]);

function findHelpOption(args: readonly string[]): 'help' | 'version' | undefined {
  for (const word of args) {
    if (word === '--') return undefined;
    const asked = HELP.get(word);
    if (asked !== undefined) return asked;
  }
  return undefined;
}

// A lone `-` is a word: `exec -` reads its prompt from stdin.
function isOption(word: string): boolean {
  return word.startsWith('-') && word !== '-';
}

type ReadOption = Pick<Flag, 'name' | 'values' | 'ambiguous'> & { next: number };

/** Reads an option and its values; undefined when a value is missing. */
function readOption(
  args: readonly string[],
  index: number,
  options: readonly OptionSpec[],
): ReadOption | undefined {
  const word = args[index] as string;
  const long = word.startsWith('--');
  // `-mgpt` and `-m=gpt` have the value `gpt`. Every short option has a value, so `-ab` is never `-a -b`.
  const name = long ? (word.slice(2).split('=', 1)[0] as string) : word.slice(1, 2);
  const rest = long ? word.slice(2 + name.length) : word.slice(2);
  const attached = rest === '' ? undefined : rest.replace(/^=/, '');
  const spec = options.find((option) =>
    long ? option.name === name || option.aliases?.includes(name) : option.short === name,
  );
  if (attached !== undefined) {
    return { name: spec?.name ?? name, values: [attached], ambiguous: false, next: index + 1 };
  }
  if (spec === undefined) {
    const following = args[index + 1];
    const ambiguous = following !== undefined && !isOption(following);
    return { name, values: [], ambiguous, next: index + 1 };
  }
  const values = spec.arity === 'none' ? [] : takeValues(args, index + 1, spec.arity);
  if (spec.arity !== 'none' && values.length === 0) return undefined;
  return { name: spec.name, values, ambiguous: false, next: index + 1 + values.length };
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

function findSubcommand(command: SupervisedCommand, word: string): string | undefined {
  if (command === 'codex') return COMMANDS.get(word);
  if (command === 'exec' && EXEC_COMMANDS.has(word)) return word === 'help' ? word : `exec ${word}`;
  // It takes no other word than its own commands. `app-server exec` is a usage error.
  if (command === 'app-server') return `app-server ${word}`;
  return undefined;
}

function isSupervised(command: string): command is SupervisedCommand {
  return Object.hasOwn(OPTIONS, command);
}

function isInteractive(command: SupervisedCommand): command is InteractiveCommand {
  return command === 'codex' || command === 'resume' || command === 'fork';
}

function findReason(command: string): PassthroughReason {
  return command === 'help' || command === 'login' || command === 'logout' ? command : 'utility';
}
