import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { restrictConfig } from '../../accounts/allowance.ts';
import { readTargets } from '../../accounts/target-snapshot.ts';
import { readAllowance } from '../../launch/launch-allowance.ts';
import { findShims, tellUnreachedShim } from '../../launch/shim-place.ts';
import { type OwnText, toPlainJson } from '../../plain-text.ts';
import { attempt } from '../../state/attempt.ts';
import type { Config } from '../../state/config.ts';
import { foreseeStart } from '../accounts/next-start.ts';
import { type Context, currentName, readReconciledConfig, requireConfig } from '../context.ts';
import { listLiveSessions, listServers } from '../session/live-sessions.ts';
import { listRuleFaults, type RuleReport, reportRules, tellHere } from './rule-report.ts';
import { formatStatus, type TargetStatus } from './status-table.ts';
import { reportTarget } from './target-report.ts';

interface StatusOptions {
  json?: boolean;
  watch?: boolean;
}

/** The shape of `status --json`; keys are only ever added. */
interface StatusReport {
  version: 1;
  /** Whether the shim supervises `codex`. */
  enabled: boolean;
  shims: string[];
  /** The account that the user has chosen. */
  current: string | null;
  /** The account that a new session in this directory starts with; null when none starts. */
  next: string | null;
  targets: TargetStatus[];
  rules: RuleReport[];
  /** For the user: what the rule of the working directory, or CODEX_HOTSWAP_TARGET, allows. Null when it allows all. */
  here: string | null;
}

export function statusCommand(context: Context): Command {
  return new Command('status')
    .alias('list')
    .description(
      'show your accounts: the current one, the percent left of each, and the reset times',
    )
    .option('--json', 'as JSON')
    .option('--watch', 'stay, and show it again after each change')
    .addHelpText(
      'after',
      '\nExample:\n  codex-hotswap status --json | jq -r ".targets[].state"\n\nFresh figures: codex-hotswap refresh',
    )
    .action(async (options: StatusOptions) => {
      await readReconciledConfig(context);
      return options.watch ? watchStatus(context, options) : showStatus(context, options);
    });
}

function showStatus(context: Context, { json }: StatusOptions): void {
  const report = makeReport(context);
  for (const line of json ? [toPlainJson(report, 2)] : formatReport(report, context)) {
    context.say(line);
  }
}

function makeReport(context: Context): StatusReport {
  const { env, paths, now } = context;
  const config = requireConfig(context);
  const snapshots = readTargets(paths, config);
  const current = currentName(context, config);
  const sessions = listLiveSessions(paths);
  return {
    version: 1,
    enabled: !existsSync(paths.disabledFlag),
    shims: findShims(env, paths),
    current: current ?? null,
    next: foreseeHere(context, config, current) ?? null,
    targets: snapshots.map((snapshot) => ({
      ...reportTarget(snapshot, current, now, snapshots),
      sessions: sessions.filter(({ target }) => target === snapshot.target.name),
    })),
    rules: reportRules(config),
    here: tellHere(context, config) ?? null,
  };
}

function foreseeHere(
  context: Context,
  config: Config,
  current: string | undefined,
): string | undefined {
  const { paths, now } = context;
  return attempt(() => {
    const allowance = readAllowance(context, config, process.cwd(), paths);
    const targets = readTargets(paths, restrictConfig(config, allowance));
    // A session that may use some accounts only starts with the first of those.
    const question = {
      config,
      targets,
      now,
      current: allowance === undefined ? current : undefined,
    };
    return foreseeStart(question)?.target;
  });
}

function formatReport(
  { targets, enabled, current, next, rules, here }: StatusReport,
  context: Context,
): (string | OwnText)[] {
  const { env, paths, now } = context;
  const { isTTY, columns } = process.stdout;
  const lines = formatStatus(targets, {
    now,
    width: isTTY ? columns : undefined,
    colour: Boolean(isTTY) && !env.NO_COLOR,
  });
  for (const [account, servers] of listServers(targets.flatMap(({ sessions }) => sessions))) {
    const names = servers.map(({ client, pid }) => `${client ?? 'unknown client'} (pid ${pid})`);
    lines.push(`app-server under ${account}: ${names.join(', ')}`);
  }
  if (here !== null) lines.push(here);
  else if (next !== null && next !== current) lines.push(`new sessions start with ${next}`);
  const faults = rules.length === 0 ? [] : listRuleFaults(context, requireConfig(context), rules);
  lines.push(...faults.filter((fault) => !here?.includes(fault)));
  if (enabled) return [...lines, tellUnreachedShim(env, paths) ?? []].flat();
  return [
    ...lines,
    'codex-hotswap is off, so codex runs unsupervised; to go on: codex-hotswap enable',
  ];
}

/** Prints the status, and again after each change of the configuration, an account or a session, until Ctrl-C. */
async function watchStatus(context: Context, options: StatusOptions): Promise<void> {
  const { paths } = context;
  const show = () => {
    if (process.stdout.isTTY) process.stdout.write('\u001b[H\u001b[2J');
    showStatus({ ...context, now: new Date() }, options);
  };
  show();
  const { watch } = await import('chokidar');
  const { accountsDir, sessionsDir, currentFile, disabledFlag } = paths;
  const watched = [accountsDir, sessionsDir, currentFile, disabledFlag, dirname(paths.configFile)];
  const watcher = watch(watched, { ignoreInitial: true, depth: 0 });
  let due: NodeJS.Timeout | undefined;
  watcher.on('all', () => {
    // chokidar reports a replaced file as several changes.
    clearTimeout(due);
    due = setTimeout(show, 50);
  });
  // Marks end and windows reset without a change of a file.
  const clock = setInterval(show, 30_000);
  await new Promise<void>((resolve) => process.once('SIGINT', resolve));
  clearInterval(clock);
  clearTimeout(due);
  await watcher.close();
}
