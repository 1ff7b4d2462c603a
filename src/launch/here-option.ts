import { parseArgv } from '../codex/argv.ts';

const HERE = '--here';

/**
 * `codex resume <id> --here` is our own word, which Codex would refuse: go on with the thread under the account that new
 * sessions start with. Taken out of the words, where a thread is resumed or forked; a prompt that says so stays. Pure.
 */
export function extractHereOption(args: readonly string[]): { args: string[]; here: boolean } {
  const dashes = args.indexOf('--');
  const end = dashes === -1 ? args.length : dashes;
  // No value of an option begins with a dash (clap), so before `--` it can be nothing else.
  const isOurs = (word: string, index: number) => word === HERE && index < end;
  const invocation = parseArgv(args, [{ name: 'here', arity: 'none' }]);
  const continues =
    invocation.mode !== 'passthrough' && /(?:^|\s)(?:resume|fork)$/.test(invocation.command);
  if (!continues || !args.some(isOurs)) return { args: [...args], here: false };
  return { args: args.filter((word, index) => !isOurs(word, index)), here: true };
}
