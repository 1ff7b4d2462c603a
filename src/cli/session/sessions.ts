import { Command, Option } from 'commander';
import { readHeldIdentity } from '../../accounts/owner.ts';
import { percentLeft } from '../../accounts/usage.ts';
import { describeTime } from '../../local-time.ts';
import { toPlainJson } from '../../plain-text.ts';
import { type LaunchRecord, readLaunches } from '../../registry/launch-record.ts';
import { gatherUsage, type IdentityOf } from '../../registry/segment-usage.ts';
import type { Config } from '../../state/config.ts';
import { type Context, findTarget, nowSeconds, requireConfig } from '../context.ts';
import { parseCount } from '../look/log.ts';
import { nameWindow } from '../look/usage-text.ts';
import { listAccounts, nameMode, reportSession, type SessionReport } from './session-report.ts';

interface SessionsOptions {
  account?: string;
  /** The name of the option in version 0.1.0. */
  target?: string;
  active?: boolean;
  json?: boolean;
  lines: number;
}

export function sessionsCommand(context: Context): Command {
  return new Command('sessions')
    .description('list sessions: accounts, thread, directory, and the command that continues each')
    .option('--account <name>', 'only sessions that ran under this account')
    .addOption(new Option('--target <name>').hideHelp())
    .option('--active', 'only sessions that run now')
    .option('-n, --lines <count>', 'how many sessions', parseCount, 20)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  codex-hotswap sessions --active')
    .action((options: SessionsOptions) => showSessions(context, options));
}

async function showSessions(context: Context, options: SessionsOptions): Promise<void> {
  const { paths, now, say, warn } = context;
  const config = requireConfig(context);
  const wanted = options.account ?? options.target;
  if (wanted !== undefined) findTarget(config, wanted);
  const { launches, notices } = readLaunches(paths, { now });
  for (const notice of notices) warn(notice);
  const identityOf = readIdentities(config);
  const reports: SessionReport[] = [];
  for (const launch of launches) {
    if (reports.length >= options.lines) break;
    if (!ranUnder(launch, wanted)) continue;
    if (options.active && launch.state === 'ended') continue;
    const report = await reportSession(launch, { paths, identityOf, now });
    if (report === undefined || (options.active && !report.active)) continue;
    // The usage of an ended session is already in its record.
    if (launch.state !== 'ended') await gatherUsage(paths, launch, identityOf, now.getTime());
    reports.push(report);
  }
  if (options.json) return say(toPlainJson({ version: 1, sessions: reports }, 2));
  if (reports.length === 0) return say(options.active ? 'no session runs now' : 'no sessions yet');
  for (const report of reports) for (const line of describe(report, context)) say(line);
}

/** Reads once which account each target's vault holds. */
function readIdentities(config: Config): IdentityOf {
  const held = new Map(config.targets.map(({ name }) => [name, readHeldIdentity(config, name)]));
  return (name) => held.get(name);
}

function ranUnder({ segments }: LaunchRecord, target: string | undefined): boolean {
  return target === undefined || segments.some((segment) => segment.target === target);
}

function describe(report: SessionReport, context: Context): string[] {
  const { now } = context;
  const { active, target, cwd, mode, title, sameAccount, resume, endedAt, pid } = report;
  const isServer = mode === 'app-server';
  const started = describeTime(Date.parse(report.startedAt) / 1000, now);
  const state = active
    ? `running since ${started} (pid ${pid})`
    : endedAt === null
      ? `${started}, was killed`
      : `${started} to ${describeTime(Date.parse(endedAt) / 1000, now)}`;
  const path = listAccounts(report.segments).join(' → ');
  return [
    `${active ? '*' : ' '} ${path}  ${nameMode(report)} in ${cwd}  ${state}`,
    ...(title === null || isServer ? [] : [`    ${title}`]),
    ...(sameAccount === false && active
      ? [`    ! ${target} now holds another account; this session still runs under the former one`]
      : []),
    ...describeUsage(report, nowSeconds(context)),
    ...(isServer ? describeThreads(report) : resume === null || active ? [] : [`    ${resume}`]),
  ];
}

/** Each thread of an app-server, and how to go on with it. */
function describeThreads({ active, threads }: SessionReport): string[] {
  const shown = threads.slice(-SHOWN_THREADS);
  const hidden = threads.length - shown.length;
  return [
    ...(hidden === 0 ? [] : [`    and ${hidden} more threads before; all: --json`]),
    ...shown.flatMap((thread) => [
      ...(thread.title === null ? [] : [`    ${thread.title}`]),
      ...(thread.resume === null || active ? [] : [`    ${thread.resume}`]),
    ]),
  ];
}

const SHOWN_THREADS = 5;

function describeUsage({ usage, target }: SessionReport, now: number): string[] {
  if (usage === null || usage.windows.length === 0) return [];
  const windows = usage.windows.map(
    (window) => `${nameWindow(window.minutes)} ${Math.round(percentLeft(window, now))}% left`,
  );
  return [`    ${target}: ${windows.join(', ')}`];
}
