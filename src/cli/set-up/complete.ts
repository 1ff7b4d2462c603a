import { type Argument, Command } from 'commander';
import { ownText } from '../../plain-text.ts';
import { attempt } from '../../state/attempt.ts';
import { type Config, readConfig } from '../../state/config.ts';
import type { Setting } from '../../state/settings.ts';
import type { Context } from '../context.ts';
import { listConfigKeys } from './config-keys.ts';

export interface Candidate {
  word: string;
  /** One line; '' for none. */
  description: string;
}

/** The hidden command that the completion scripts call. */
export function completeCommand(context: Context): Command {
  return new Command('complete')
    .argument('[words...]')
    .option('--described', 'with a tab and a description')
    .action((words: string[], { described }: { described?: boolean }, command: Command) => {
      // No error message: it would appear in the line that the user types.
      const config = attempt(() => readConfig(context.paths));
      for (const { word, description } of complete(command.parent as Command, words, config)) {
        context.say(described && description !== '' ? ownText`${word}\t${description}` : word);
      }
    });
}

/**
 * The words that fit in place of the last word. Pure.
 * @param words those after `codex-hotswap`; the user types the last one, which may be ''.
 */
export function complete(
  program: Command,
  words: readonly string[],
  config: Config | undefined,
): Candidate[] {
  const typed = words.at(-1) ?? '';
  const place = findPlace(program, words.slice(0, -1));
  return listCandidates(place, typed, config).filter(({ word }) => word.startsWith(typed));
}

/** Where in a command line the next word stands. */
interface Place {
  command: Command;
  /** The option whose value comes next. */
  optionName: string | undefined;
  /** The arguments so far. */
  before: string[];
}

function findPlace(program: Command, words: readonly string[]): Place {
  let command = program;
  let optionName: string | undefined;
  const before: string[] = [];
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
      if (sub === undefined) before.push(word);
      else command = sub;
    }
  }
  return { command, optionName, before };
}

function listCandidates(
  { command, optionName, before }: Place,
  typed: string,
  config: Config | undefined,
): Candidate[] {
  if (optionName === 'as' || optionName === 'account') return listTargets(config);
  if (optionName === 'only') return listMore(typed, config);
  if (optionName !== undefined) return [];
  const help = command.createHelp();
  if (typed.startsWith('-')) {
    return help
      .visibleOptions(command)
      .flatMap(({ long, description }) => (long ? [{ word: long, description }] : []));
  }
  const visible = help.visibleCommands(command);
  const subcommands = command.commands
    .filter((sub) => visible.includes(sub))
    .map((sub) => ({ word: sub.name(), description: sub.description() }));
  const last = command.registeredArguments.at(-1);
  const argument =
    command.registeredArguments[before.length] ?? (last?.variadic ? last : undefined);
  return [...subcommands, ...(argument === undefined ? [] : listValues(argument, before, config))];
}

function listValues(argument: Argument, before: string[], config: Config | undefined): Candidate[] {
  if (argument.argChoices) return argument.argChoices.map((word) => ({ word, description: '' }));
  const keys = config === undefined ? [] : listConfigKeys(config);
  switch (argument.name()) {
    case 'account':
    case 'accounts':
      return listTargets(config).filter(({ word }) => !before.includes(word));
    case 'rule':
      return (config?.rules ?? []).map(({ path, targets }) => ({
        word: path,
        description: targets.join(', '),
      }));
    case 'key':
      return keys.map(({ key, setting }) => ({ word: key, description: setting.help }));
    case 'value': {
      const { setting } = keys.find(({ key }) => key === before[0]) ?? {};
      return listWords(setting).map((word) => ({ word, description: '' }));
    }
    default:
      return [];
  }
}

function listWords(setting: Setting | undefined): readonly string[] {
  if (typeof setting?.default === 'boolean') return ['true', 'false'];
  return setting?.values ?? [];
}

/** The accounts that a list with commas does not name yet: `work,` → `work,home` and `work,team`. */
function listMore(typed: string, config: Config | undefined): Candidate[] {
  const named = typed.split(',').slice(0, -1);
  return listTargets(config)
    .filter(({ word }) => !named.includes(word))
    .map(({ word, description }) => ({ word: [...named, word].join(','), description }));
}

function listTargets(config: Config | undefined): Candidate[] {
  return (config?.targets ?? []).map(({ name, enabled }) => ({
    word: name,
    description: enabled ? 'account' : 'account, switched off',
  }));
}
