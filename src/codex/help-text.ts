import type { OptionSpec } from './grammar.ts';

/**
 * The options that a `--help` text of clap lists, without `--help` and `--version`. An option has a line of its own,
 * such as `  -i, --image <FILE>...` or `      --search`. The explanation below it is indented deeper.
 */
export function parseHelpOptions(help: string): OptionSpec[] {
  const options: OptionSpec[] = [];
  for (const line of help.split('\n')) {
    const match =
      /^ {2,6}(?:-(?<short>\w), )?--(?<name>[\w-]+)(?<value> \[?<[^>]+>\]?(?<more>\.\.\.)?)?(?: {2,}|$)/.exec(
        line,
      );
    const { short, name, value, more } = match?.groups ?? {};
    if (name === undefined || name === 'help' || name === 'version') continue;
    const arity = value === undefined ? 'none' : more === undefined ? 'one' : 'many';
    options.push(short === undefined ? { name, arity } : { name, short, arity });
  }
  return options;
}
