import { resolve } from 'node:path';
import { Command } from 'commander';
import { HotswapError } from '../../errors.ts';
import { toPlainJson } from '../../plain-text.ts';
import { toShellWord } from '../../shell-word.ts';
import { updateConfig } from '../../state/config-store.ts';
import { findRules, isWithin, type Rule, resolveLinks, shortenPath } from '../../state/rules.ts';
import { type Context, findTarget, requireConfig } from '../context.ts';
import { describeRule, listRuleFaults, reportRules } from '../look/rule-report.ts';
import { refuseRepeated } from '../names.ts';
import { listLiveSessions } from '../session/live-sessions.ts';

export function ruleCommand(context: Context): Command {
  return new Command('rule')
    .description('say which accounts sessions in a directory may use')
    .addHelpText(
      'after',
      '\nExample:\n  codex-hotswap rule add ~/src/acme work\n\nA rule holds in the directory and below it; the longest path wins. A session never leaves its accounts, also at a limit.',
    )
    .addCommand(addCommand(context))
    .addCommand(listCommand(context))
    .addCommand(removeCommand(context));
}

function addCommand(context: Context): Command {
  return new Command('add')
    .description('sessions there use these accounts only, in this order')
    .argument('<path>', 'a directory; it may not exist yet')
    .argument('<accounts...>', 'their names')
    .addHelpText('after', '\nExample:\n  codex-hotswap rule add ~/src/acme work team')
    .action((path: string, accounts: string[]) => addRule(context, path, accounts));
}

function listCommand(context: Context): Command {
  return new Command('list')
    .description('print every rule; * marks the one that holds in this directory')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  codex-hotswap rule list')
    .action(({ json }: { json?: boolean }) => {
      const config = requireConfig(context);
      const rules = reportRules(config);
      if (json) return context.say(toPlainJson({ version: 1, rules }, 2));
      if (rules.length === 0)
        return context.say('no rules: sessions may use every account everywhere');
      for (const rule of rules) {
        const note = rule.exists ? '' : '   (no such directory yet)';
        context.say(`${rule.here ? '*' : ' '} ${describeRule(rule, context)}${note}`);
      }
      for (const fault of listRuleFaults(context, config, rules)) context.warn(fault);
    });
}

function removeCommand(context: Context): Command {
  return new Command('remove')
    .description('remove the rule for a directory')
    .argument('<rule>', 'its path')
    .addHelpText('after', '\nExample:\n  codex-hotswap rule remove ~/src/acme')
    .action((path: string) => removeRule(context, path));
}

async function addRule(context: Context, typed: string, accounts: string[]): Promise<void> {
  const { paths, say, warn } = context;
  const path = readPath(context, typed);
  const shown = shortenPath(path, paths.home);
  for (const name of accounts) findTarget(requireConfig(context), name);
  refuseRepeated(accounts);
  const config = await updateConfig(paths, (before) => {
    const [known] = findByPath(before.rules, path);
    if (known === undefined) {
      return { ...before, rules: [...before.rules, { path, targets: accounts }] };
    }
    const what = `there is a rule for ${shortenPath(known.path, paths.home)} already (${known.targets.join(', ')})`;
    throw usage(
      what,
      `to replace it, first run: codex-hotswap rule remove ${toShellWord(known.path)}`,
    );
  });
  say(
    `sessions in ${shown} use only ${accounts.join(', ')}${accounts.length > 1 ? ', in this order' : ''}`,
  );
  const { exists } = reportRules(config).find((rule) => rule.path === path) ?? {};
  if (!exists)
    warn(`${shown} is no directory yet; the rule is kept, and holds as soon as it is one`);
  for (const line of listSessionsOutside(context, { path, targets: accounts })) warn(line);
}

async function removeRule(context: Context, typed: string): Promise<void> {
  const { paths, say } = context;
  const path = readPath(context, typed);
  const { rules } = requireConfig(context);
  const [found, second] = findByPath(rules, path);
  const shown = shortenPath(path, paths.home);
  if (found === undefined) {
    const names = rules.map((rule) => shortenPath(rule.path, paths.home)).join(', ');
    throw usage(
      `there is no rule for ${shown}`,
      names === '' ? 'you have none' : `you have rules for: ${names}`,
    );
  }
  if (second !== undefined) {
    throw usage(
      `the rules for ${found.path} and ${second.path} are for this directory`,
      'name one of them',
    );
  }
  const { rules: left } = await updateConfig(paths, (before) => ({
    ...before,
    rules: before.rules.filter((rule) => rule.path !== found.path),
  }));
  say(
    `the rule for ${shortenPath(found.path, paths.home)} is removed (${found.targets.join(', ')})`,
  );
  const [outer] = findRules(left, found.path);
  say(
    outer === undefined
      ? 'sessions there may use every account'
      : `now the rule for ${shortenPath(outer.path, paths.home)} holds there (${outer.targets.join(', ')})`,
  );
}

/** A path of the command line. A shell leaves `~` in quotes as it is. */
function readPath({ paths }: Context, typed: string): string {
  if (typed === '') throw usage('the path is empty', 'for this directory name it: .');
  const path = typed === '~' || typed.startsWith('~/') ? paths.home + typed.slice(1) : typed;
  return resolve(path);
}

/** The rule with exactly that path, else the rules whose paths lead to the same directory. */
function findByPath(rules: readonly Rule[], path: string): Rule[] {
  const own = rules.filter((rule) => rule.path === path);
  if (own.length > 0 || rules.length === 0) return own;
  const real = resolveLinks(path);
  return rules.filter((rule) => resolveLinks(rule.path) === real);
}

/** Sessions that run there under another account. A session keeps the rules that it was started with. */
function listSessionsOutside({ paths }: Context, { path, targets }: Rule): string[] {
  const real = resolveLinks(path);
  return listLiveSessions(paths)
    .filter(({ cwd, target }) => isWithin(resolveLinks(cwd), real) && !targets.includes(target))
    .map(
      ({ cwd, target, pid }) =>
        `a session runs in ${cwd} under ${target} (pid ${pid}); the rule does not hold for it, because it was started before`,
    );
}

function usage(what: string, advice: string): HotswapError {
  return new HotswapError('usage', what, advice);
}
