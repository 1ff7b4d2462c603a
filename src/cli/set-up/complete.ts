import { type Argument, Command } from 'commander';
import { ownText } from '../../plain-text.ts';
import { attempt } from '../../state/attempt.ts';
import { type Config, readConfig } from '../../state/config.ts';
import type { Setting } from '../../state/settings.ts';
import type { Context } from '../context.ts';
import { listConfigKeys } from './config-keys.ts';

export interface Candidate {
  word: string;
  /** One line. */
  what: string;
}

/**
 * The words that fit in place of the last word, by the tree of commands. Pure.
 * @param words after `codex-hotswap`; the last is the one being typed, perhaps ''.
 */
export function complete(
  program: Command,
  words: readonly string[],
  config: Config | undefined,
): Candidate[] {
  const typed = words.at(-1) ?? '';
  const { command, place, optionName, before } = walk(program, words.slice(0, -1));
  return candidatesOf(command, { typed, place, optionName, before, config }).filter(({ word }) =>
    word.startsWith(typed),
  );
}

interface Place {
  command: Command;
  /** Index of the argument that comes next. */
  place: number;
  /** The option whose value comes next. */
  optionName: string | undefined;
  /** The arguments so far. */
  before: string[];
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let optionName: string | undefined;
  let before: string[] = [];
  for (const word of words) {
    if (optionName !== undefined) {
      optionName = undefined;
    } else if (word.startsWith('-')) {
      const option = command.options.find(({ short, long }) => word === short || word === long);
      optionName = option?.required ? option.attributeName() : undefined;
    } else {
      const sub = command.commands.find(
        (known) => known.name() === word || known.aliases().includes(word),
      );
      if (sub === undefined) before = [...before, word];
      else command = sub;
    }
  }
  return { command, place: before.length, optionName, before };
}

function candidatesOf(
  command: Command,
  {
    typed,
    place,
    optionName,
    before,
    config,
  }: Omit<Place, 'command'> & { typed: string; config: Config | undefined },
): Candidate[] {
  if (optionName === 'as' || optionName === 'account') return targetsOf(config);
  if (optionName !== undefined) return [];
  if (typed.startsWith('-')) return optionsOf(command);
  const subcommands = command.commands
    .filter((sub) => !isHidden(command, sub))
    .map((sub) => ({ word: sub.name(), what: sub.description() }));
  const argument = command.registeredArguments[place] ?? lastVariadic(command);
  return [...subcommands, ...(argument === undefined ? [] : valuesOf(argument, before, config))];
}

function valuesOf(argument: Argument, before: string[], config: Config | undefined): Candidate[] {
  if (argument.argChoices) return argument.argChoices.map((word) => ({ word, what: '' }));
  const keys = config === undefined ? [] : listConfigKeys(config);
  switch (argument.name()) {
    case 'target':
    case 'targets':
      return targetsOf(config).filter(({ word }) => !before.includes(word));
    case 'key':
      return keys.map(({ key, setting }) => ({ word: key, what: setting.help }));
    case 'value': {
      const { setting } = keys.find(({ key }) => key === before[0]) ?? {};
      return listWords(setting).map((word) => ({ word, what: '' }));
    }
    default:
      return [];
  }
}

function listWords(setting: Setting | undefined): readonly string[] {
  if (typeof setting?.default === 'boolean') return ['true', 'false'];
  return setting?.values ?? [];
}

function lastVariadic({ registeredArguments }: Command): Argument | undefined {
  const last = registeredArguments.at(-1);
  return last?.variadic ? last : undefined;
}

function optionsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long ? [{ word: long, what: description }] : []));
}

function isHidden(parent: Command, sub: Command): boolean {
  return !parent.createHelp().visibleCommands(parent).includes(sub);
}

function targetsOf(config: Config | undefined): Candidate[] {
  return (config?.targets ?? []).map(({ name, enabled }) => ({
    word: name,
    what: enabled ? 'target' : 'target, switched off',
  }));
}

/** The hidden command that the completion scripts call. */
export function completeCommand(context: Context): Command {
  return new Command('complete')
    .argument('[words...]')
    .option('--described', 'with a tab and a description')
    .action((words: string[], { described }: { described?: boolean }, command: Command) => {
      // No error message: it would stand in the line that the user types.
      const config = attempt(() => readConfig(context.paths));
      for (const { word, what } of complete(command.parent as Command, words, config)) {
        context.say(described && what !== '' ? ownText`${word}\t${what}` : word);
      }
    });
}
