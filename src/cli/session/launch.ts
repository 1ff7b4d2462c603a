import { Command } from 'commander';
import type { Allowance } from '../../accounts/allowance.ts';
import { readTargets } from '../../accounts/target-snapshot.ts';
import { parseArgv } from '../../codex/argv.ts';
import { HotswapError } from '../../errors.ts';
import type { Launch } from '../../launch/launch.ts';
import { readAllowance } from '../../launch/launch-allowance.ts';
import { workingDirectory } from '../../launch/working-directory.ts';
import type { Config } from '../../state/config.ts';
import { type Context, currentName, findTarget, requireConfig } from '../context.ts';
import { reportTarget } from '../look/target-report.ts';
import { parseNames } from '../names.ts';
import { pickThread } from '../thread-list.ts';
import { canPick, pickFrom } from './pick.ts';

export function launchCommand(context: Context): Command {
  return new Command('launch')
    .description('start codex under an account of your choice')
    .argument('[account]', 'its name; without it you choose from a list')
    .argument('[arguments...]', 'arguments for codex, after --')
    .option('--pin', 'stay with that account, also when it reaches its limit')
    .option(
      '--only <accounts>',
      'these accounts only, in this order; separated by commas',
      parseNames,
    )
    .option('--wait', 'when every account is at its limit, wait for the first reset')
    .addHelpText(
      'after',
      '\nExamples:\n  codex-hotswap launch work\n  codex-hotswap launch work -- resume --last\n  codex-hotswap launch work --pin -- --cd ~/project --model gpt-5.4\n  codex-hotswap launch --only work,team',
    )
    .action(
      async (
        _target: string | undefined,
        _rest: string[],
        { pin = false, wait = false, only }: LaunchOptions,
        command: Command,
      ) => {
        const { own, args } = splitAtDashes(command);
        const config = requireConfig(context);
        const wishes = { args, pinned: pin, wait, ...(only && { among: only }) };
        if (own === undefined && only !== undefined) return startCodex(context, wishes);
        const allowance = readAllowance(
          { ...context, among: only },
          config,
          workingDirectory({ invocation: parseArgv(args), cwd: process.cwd() }),
          context.paths,
        );
        const name = own ?? (await pickTarget(context, config, allowance));
        if (name === undefined) return;
        const { name: target } = findTarget(config, name);
        await startCodex(context, { ...wishes, wanted: { kind: 'only', target } });
      },
    );
}

interface LaunchOptions {
  pin?: boolean;
  wait?: boolean;
  only?: string[];
}

/** Starts codex in the working directory. This process ends as codex does. */
export async function startCodex(
  { env }: Context,
  launch: Omit<Launch, 'real' | 'env' | 'cwd'>,
): Promise<void> {
  const { launchCodex } = await import('../../launch/launch.ts');
  await launchCodex({ ...launch, pickThread, real: undefined, env, cwd: process.cwd() });
}

/**
 * Splits the words of a command at `--`, which commander drops.
 * @returns the word before `--`, if there is one, and the words after it, which are codex's.
 * @throws HotswapError `usage` when several words stand before `--`.
 */
export function splitAtDashes(command: Command): { own: string | undefined; args: string[] } {
  const { rawArgs = [] } = (command.parent ?? command) as Command & { rawArgs?: string[] };
  const dashes = rawArgs.indexOf('--');
  const count = dashes === -1 ? 0 : rawArgs.length - dashes - 1;
  const cut = command.args.length - count;
  const own = command.args.slice(0, cut);
  if (own.length > 1) {
    throw new HotswapError(
      'usage',
      `\`${command.name()}\` takes one ${command.registeredArguments[0]?.name()}, but was given ${own.join(', ')}`,
      'put the arguments for codex after --',
    );
  }
  return { own: own[0], args: command.args.slice(cut) };
}

/** @returns the name of a target; undefined when the person cancels. @throws HotswapError `usage` without a terminal. */
async function pickTarget(
  context: Context,
  config: Config,
  allowance: Allowance | undefined,
): Promise<string | undefined> {
  const isAllowed = (name: string) => allowance?.targets.includes(name) ?? true;
  if (!canPick()) {
    throw new HotswapError(
      'usage',
      '`launch` needs an account when there is no terminal',
      `name one: ${config.targets.flatMap(({ name }) => (isAllowed(name) ? [name] : [])).join(', ')}`,
    );
  }
  const current = currentName(context, config);
  const targets = readTargets(context.paths, config);
  const reports = targets
    .filter(({ target }) => isAllowed(target.name))
    .map((snapshot) => reportTarget(snapshot, current, context.now, targets));
  const width = Math.max(...reports.map(({ name }) => name.length));
  const choices = reports.map(({ name, email, reason, state }) => ({
    value: name,
    label: [name.padEnd(width), email ?? '-', reason ?? state].join('  '),
  }));
  return pickFrom([{ title: 'Launch codex under:', name: '', load: async () => choices }]);
}
