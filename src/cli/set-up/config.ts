import { Command } from 'commander';
import { toPlainJson } from '../../plain-text.ts';
import { updateConfig } from '../../state/config-store.ts';
import { type Context, requireConfig } from '../context.ts';
import { findConfigKey, listConfigKeys, parseValue } from './config-keys.ts';

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
    .description('print every setting; # marks a value that is not the default')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  codex-hotswap config list')
    .action(({ json }: { json?: boolean }) => {
      const config = requireConfig(context);
      const keys = listConfigKeys(config);
      if (json) {
        const values = keys.map(({ key, read }) => [key, read(config)]);
        return context.say(toPlainJson(Object.fromEntries(values), 2));
      }
      for (const { key, setting, read } of keys) {
        const value = read(config);
        const mark = value === setting.default ? ' ' : '#';
        context.say(`${mark} ${key} = ${value}   (${setting.help})`);
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
      context.say(String(findConfigKey(config, key).read(config)));
    });
}

function setCommand(context: Context): Command {
  return new Command('set')
    .description('change a setting, for sessions that start afterwards')
    .argument('<key>')
    .argument('<value>')
    .addHelpText('after', '\nExample:\n  codex-hotswap config set prompt "go on"')
    .action(async (key: string, value: string) => {
      const found = findConfigKey(requireConfig(context), key);
      const parsed = parseValue(found, value);
      const config = await updateConfig(context.paths, (before) => found.write(before, parsed));
      context.say(`${key} = ${found.read(config)}`);
    });
}
