import { Command } from 'commander';
import { toPlainJson } from '../../plain-text.ts';
import { updateConfig } from '../../state/config-store.ts';
import { type Context, requireConfig } from '../context.ts';
import { findSetting, listSettings } from './settings.ts';

export function configCommand(context: Context): Command {
  return new Command('config')
    .description('show and change settings')
    .addHelpText(
      'after',
      '\nExample:\n  codex-hotswap config set strategy most-left\n  codex-hotswap config set targets.acc1.threshold 20',
    )
    .addCommand(listCommand(context))
    .addCommand(getCommand(context))
    .addCommand(setCommand(context));
}

function listCommand(context: Context): Command {
  return new Command('list')
    .description('every setting with its value; # means it is not the usual one')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  codex-hotswap config list')
    .action(({ json }: { json?: boolean }) => {
      const config = requireConfig(context);
      const settings = listSettings(config);
      if (json) {
        const values = settings.map(({ key, read }) => [key, read(config)]);
        return context.say(toPlainJson(Object.fromEntries(values), 2));
      }
      for (const { key, what, read, standard } of settings) {
        const value = read(config);
        context.say(`${value === standard ? ' ' : '#'} ${key} = ${value}   (${what})`);
      }
    });
}

function getCommand(context: Context): Command {
  return new Command('get')
    .description('print the value of a setting')
    .argument('<key>')
    .addHelpText('after', '\nExample:\n  codex-hotswap config get strategy')
    .action((key: string) => {
      const config = requireConfig(context);
      context.say(String(findSetting(config, key).read(config)));
    });
}

function setCommand(context: Context): Command {
  return new Command('set')
    .description('change a setting; sessions that start from now on heed it')
    .argument('<key>')
    .argument('<value>')
    .addHelpText('after', '\nExample:\n  codex-hotswap config set prompt "go on"')
    .action(async (key: string, value: string) => {
      const setting = findSetting(requireConfig(context), key);
      const config = await updateConfig(context.paths, (before) => setting.write(before, value));
      context.say(`${key} = ${setting.read(config)}`);
    });
}
