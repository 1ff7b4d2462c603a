import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { readStandings } from '../accounts/standing.ts';
import { type Context, currentName, requireConfig } from './context.ts';
import { findShims } from './shim-place.ts';
import { formatTable } from './table.ts';
import { reportTarget, type TargetReport } from './target-report.ts';

export function statusCommand(context: Context): Command {
  return new Command('status')
    .alias('list')
    .description('show your targets: which is current, which hit a limit, and until when')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  codex-hotswap status --json | jq -r ".targets[].state"')
    .action((options: { json?: boolean }) => showStatus(context, options.json ?? false));
}

function showStatus(context: Context, asJson: boolean): void {
  const { env, paths, now, say, warn } = context;
  const config = requireConfig(context);
  const { standings, notices } = readStandings(paths, config);
  const current = currentName(context, config);
  const targets = standings.map((standing) => reportTarget(standing, current, now));
  const enabled = !existsSync(paths.disabledFlag);
  for (const notice of notices) warn(notice);

  if (asJson) {
    const shims = findShims(env, paths.home);
    say(JSON.stringify({ version: 1, enabled, shims, current: current ?? null, targets }, null, 2));
    return;
  }
  for (const line of formatTable(targets.map(rowOf))) say(line);
  if (!enabled) say('codex-hotswap is off: plain codex runs alone; to go on: codex-hotswap enable');
}

function rowOf({ name, current, email, plan, state, reason }: TargetReport): string[] {
  return [`${current ? '*' : ' '} ${name}`, email ?? '-', plan ?? '-', reason ?? state];
}
