import { Command } from 'commander';
import { readTargets } from '../../accounts/target-snapshot.ts';
import { HotswapError } from '../../errors.ts';
import { canAsk, pickOne } from '../accounts/pick.ts';
import { type Context, currentName, findTarget, requireConfig } from '../context.ts';
import { reportTarget } from '../look/target-report.ts';

export function launchCommand(context: Context): Command {
  return new Command('launch')
    .description('start codex under a target of your choice')
    .argument('[target]', 'its name; to be chosen from a list when left out')
    .argument('[arguments...]', 'after --: what codex is to be given')
    .option('--pin', 'stay with that target: do not go on under another at its limit')
    .option('--wait', 'when every account is at its limit, wait for the first to come back')
    .addHelpText(
      'after',
      '\nExamples:\n  codex-hotswap launch work\n  codex-hotswap launch work -- resume --last\n  codex-hotswap launch work --pin -- --cd ~/project --model gpt-5.4',
    )
    .action(
      async (
        _target: string | undefined,
        _rest: string[],
        options: { pin?: boolean; wait?: boolean },
        command: Command,
      ) => {
        const { own, others } = splitAtDashes(command);
        if (own.length > 1) {
          throw new HotswapError(
            'usage',
            `\`launch\` takes one target, but there are ${own.join(', ')}`,
            'what codex is to be given stands after --',
          );
        }
        const config = requireConfig(context);
        const name = own[0] ?? (await pickTarget(context));
        if (name === undefined) return;
        const { launchCodex } = await import('../../launch/launch.ts');
        await launchCodex({
          real: undefined,
          args: others,
          env: context.env,
          cwd: process.cwd(),
          wanted: { kind: 'only', target: findTarget(config, name).name },
          pinned: options.pin ?? false,
          wait: options.wait ?? false,
        });
      },
    );
}

/** The words of a command before and after `--`, which commander drops. */
export function splitAtDashes(command: Command): { own: string[]; others: string[] } {
  const { rawArgs = [] } = (command.parent ?? command) as Command & { rawArgs?: string[] };
  const dashes = rawArgs.indexOf('--');
  const count = dashes === -1 ? 0 : rawArgs.length - dashes - 1;
  const cut = command.args.length - count;
  return { own: command.args.slice(0, cut), others: command.args.slice(cut) };
}

/** Undefined when the person leaves the list. */
async function pickTarget(context: Context): Promise<string | undefined> {
  const config = requireConfig(context);
  if (!canAsk()) {
    throw new HotswapError(
      'usage',
      '`launch` needs a target where nobody can be asked',
      `name one: ${config.targets.map(({ name }) => name).join(', ')}`,
    );
  }
  const current = currentName(context, config);
  const reports = readTargets(context.paths, config).map((snapshot) =>
    reportTarget(snapshot, current, context.now),
  );
  const width = Math.max(...reports.map(({ name }) => name.length));
  const choices = reports.map(({ name, email, reason, state }) => ({
    label: [name.padEnd(width), email ?? '-', reason ?? state].join('  '),
  }));
  const chosen = await pickOne('Launch codex under:', choices);
  return chosen === undefined ? undefined : reports[chosen]?.name;
}
