import {
  COMMANDS,
  EXEC_COMMANDS,
  OPTIONS,
  type SupervisedCommand,
} from '../../src/codex/grammar.ts';
import { parseHelpOptions } from '../../src/codex/help-text.ts';
import { compareFacts, type Facts, gatherCommon } from './facts.ts';
import { formatChanges, type Section } from './report.ts';

/** One `--help` text. */
export interface Help {
  /** The items of the command: its usage without the command's words, its aliases and its options. */
  items: string[];
  /** The commands below this one, with their aliases; without `help`. */
  commands: { name: string; aliases: string[] }[];
}

/** Reads a `--help` text that clap wrote. Pure. @param words the command, e.g. `['exec', 'resume']`. */
export function parseHelp(help: string, words: readonly string[]): Help {
  const usage = /^Usage: (.*(?:\n {7,}\S.*)*)/m.exec(help)?.[1] ?? '';
  const command = ['codex', ...words].join(' ');
  const takes = usage.split('\n').map((line) => line.trim().replace(command, '').trim());
  const options = parseHelpOptions(help).map(({ name, short, arity }) => {
    const value = { none: '', one: ' <…>', many: ' <…>...' }[arity];
    return `${short === undefined ? '' : `-${short} `}--${name}${value}`;
  });
  const list = /^Commands:\n((?: .*\n?)*)/m.exec(help)?.[1] ?? '';
  const commands = list.split(/\n(?= {2}\S)/).flatMap((entry) => {
    const name = /^ {2}(\S+)/.exec(`  ${entry.trim()}`)?.[1];
    const aliases = /\[alias(?:es)?:\s([^\]]+)\]/.exec(entry)?.[1]?.split(/,\s*/) ?? [];
    return name === undefined || name === 'help' ? [] : [{ name, aliases }];
  });
  return { items: [...takes.filter(Boolean).map((text) => `takes ${text}`), ...options], commands };
}

/**
 * Asks a binary for its help at all levels.
 * @param run runs the binary with these words and resolves with its standard output.
 * @returns for each command, e.g. `codex exec resume`, its items.
 */
export async function readHelpTree(run: (args: string[]) => Promise<string>): Promise<Facts> {
  const facts = new Map<string, string[]>();
  const visit = async (words: string[], aliases: string[]): Promise<void> => {
    const { items, commands } = parseHelp(await run([...words, '--help']), words);
    facts.set(['codex', ...words].join(' '), [...aliases.map((name) => `alias ${name}`), ...items]);
    for (const { name, aliases: others } of commands) await visit([...words, name], others);
  };
  await visit([], []);
  return facts;
}

/** Compares commands and options, and lists those of the newer release that our grammar does not know. Pure. */
export function compareHelp(before: Facts, after: Facts): Section {
  const changes = gatherCommon(compareFacts(before, after), MOST_COMMANDS, 'commands');
  const unknown = new Map<string, string[]>();
  for (const [name, items] of after) {
    for (const what of listUnknown(name, items)) {
      unknown.set(what, [...(unknown.get(what) ?? []), name]);
    }
  }
  return {
    title: 'Commands and options',
    lines: formatChanges(changes),
    lookAt: [...unknown].map(
      ([what, names]) => `src/codex/grammar.ts: does not know ${what} (${names.join(', ')})`,
    ),
  };
}

/** An option that was added to more commands than this is listed once. */
const MOST_COMMANDS = 5;

/** The options of a command that our tables do not have, or `the command`. */
function listUnknown(name: string, items: readonly string[]): string[] {
  const words = name.split(' ').slice(1);
  const [first = '', second = ''] = words;
  const isKnown =
    words.length === 0 ||
    (words.length === 1 && COMMANDS.has(first)) ||
    (words.length === 2 && (COMMANDS.get(first) !== 'exec' || EXEC_COMMANDS.has(second))) ||
    words.length > 2;
  if (!isKnown) return ['the command'];
  const known = OPTIONS[(words.join(' ') || 'codex') as SupervisedCommand];
  if (known === undefined) return [];
  const names = new Set(known.map((option) => option.name));
  const options = items.flatMap(
    (item) => /--([\w-]+)/.exec(item.startsWith('takes') ? '' : item)?.[1] ?? [],
  );
  return options.filter((option) => !names.has(option)).map((option) => `--${option}`);
}
