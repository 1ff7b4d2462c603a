import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isSameIdentity } from '../../accounts/login.ts';
import { readTargets, type TargetSnapshot } from '../../accounts/target-snapshot.ts';
import { authFileOf } from '../../accounts/vault.ts';
import { tellVaultHome, vaultOfHome } from '../../accounts/vault-home.ts';
import { HotswapError } from '../../errors.ts';
import type { Config } from '../../state/config.ts';
import { foreseeStart } from '../accounts/next-start.ts';
import { type Context, currentName, requireConfig } from '../context.ts';
import { reportTarget } from '../look/target-report.ts';
import { describeLogin, linkSharedHome } from '../set-up/link-shared-home.ts';
import { describeWait } from '../time-text.ts';
import { type Finding, type Fix, issue, listFindings, note, ok } from './finding.ts';
import { checkDirMode, fixMode } from './storage.ts';

/** The configuration and, for each target, its vault and the login in it. */
export function checkAccounts(context: Context): Finding[] {
  let config: Config;
  try {
    config = requireConfig(context);
  } catch (error) {
    if (error instanceof HotswapError) return [issue(`${error.message}; ${error.advice}`)];
    throw error;
  }
  const snapshots = readTargets(context.paths, config);
  const current = currentName(context, config);
  const start = foreseeStart({ config, targets: snapshots, current, now: context.now });
  const starts =
    start === undefined ? 'no account can be used' : `new sessions start with ${start.target}`;
  return listFindings([
    ok(`${config.targets.length} accounts in ${context.paths.configFile}; ${starts}`),
    ...snapshots.flatMap((snapshot) => checkTarget(snapshot, snapshots, current, context.now)),
    ...snapshots.map((_, index) => findTwin(snapshots, index)),
    checkSharedAuth(context, config, snapshots),
  ]);
}

function checkTarget(
  snapshot: TargetSnapshot,
  snapshots: readonly TargetSnapshot[],
  current: string,
  now: Date,
): (Finding | undefined)[] {
  const { target } = snapshot;
  const { state, reason, email, plan, marks } = reportTarget(snapshot, current, now, snapshots);
  const words = [email, plan, describeToken(snapshot, now)];
  const who = words.filter((word) => word != null).join(', ');
  const text = `${target.name}${who === '' ? '' : ` (${who})`}: ${reason ?? 'logged in'}`;
  const needsLogin = marks.some(({ kind }) => kind === 'needs-login');
  const isFine = (state === 'marked' && !needsLogin) || state === 'off';
  const finding =
    state === 'ready' ? ok(text) : isFine ? note(text) : issue(text, fixLoginMode(snapshot));
  return [finding, checkVaultMode(target.vault), checkClock(snapshot, now)];
}

function describeToken({ vault }: TargetSnapshot, now: Date): string | undefined {
  if (vault.kind !== 'ready' || vault.issuedAt === 0) return undefined;
  const minutes = Math.max(0, (now.getTime() / 1000 - vault.issuedAt) / 60);
  const age = minutes < 120 ? `${Math.floor(minutes)} min` : `${Math.floor(minutes / 60)} h`;
  const { expiresAt } = vault;
  if (expiresAt === undefined) return `token ${age} old`;
  const isOver = expiresAt <= now.getTime() / 1000;
  const end = isOver ? 'has ended, Codex renews it' : `ends ${describeWait(expiresAt, now)}`;
  return `token ${age} old, ${end}`;
}

/** A token from the future means that this clock is slow, so Codex refreshes its token too late. */
function checkClock({ target, vault }: TargetSnapshot, now: Date): Finding | undefined {
  if (vault.kind !== 'ready') return undefined;
  const ahead = vault.issuedAt - now.getTime() / 1000;
  if (ahead <= CLOCK_SLACK_SECONDS) return undefined;
  return issue(
    `the login of ${target.name} was made ${Math.ceil(ahead / 60)} min from now, so this clock is slow; set the clock`,
  );
}

const CLOCK_SLACK_SECONDS = 300;

/** The fix for a login that other users can read; none when another user owns the file. */
function fixLoginMode({ target, vault }: TargetSnapshot): Fix | undefined {
  const file = authFileOf(target);
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (vault.kind !== 'unsafe' || !stats?.isFile() || stats.uid !== process.getuid?.()) return;
  return (stats.mode & 0o077) === 0 ? undefined : fixMode(file, 0o600);
}

function checkVaultMode(vault: string): Finding | undefined {
  const stats = lstatSync(vault, { throwIfNoEntry: false });
  return stats === undefined || stats.isSymbolicLink() ? undefined : checkDirMode(vault, stats);
}

/** Two targets of one account reach its limit together. A refresh in one vault may make the token in the second one invalid. */
function findTwin(snapshots: readonly TargetSnapshot[], index: number): Finding | undefined {
  const { target, vault } = snapshots[index] as TargetSnapshot;
  if (vault.kind !== 'ready') return undefined;
  const { identity } = vault;
  const twin = snapshots
    .slice(0, index)
    .find(({ vault: other }) => other.kind === 'ready' && isSameIdentity(other.identity, identity));
  if (twin === undefined) return undefined;
  return issue(
    `${twin.target.name} and ${target.name} are the same account; log in with another: codex-hotswap login ${target.name}`,
  );
}

/** Which login plain codex uses. */
function checkSharedAuth(
  context: Context,
  config: Config,
  snapshots: readonly TargetSnapshot[],
): Finding {
  const { sharedHome } = context.paths;
  const home = vaultOfHome(sharedHome, config.targets);
  if (home !== undefined) return note(tellVaultHome(sharedHome, home));
  const current = currentName(context, config);
  const isReady = snapshots.some(
    ({ target, vault }) => target.name === current && vault.kind === 'ready',
  );
  const fix: Fix | undefined = isReady
    ? {
        done: `the real Codex uses the login of ${current}`,
        run: () => linkSharedHome(context, config),
      }
    : undefined;
  const useCurrent = `run: codex-hotswap use ${current}`;
  const file = join(sharedHome, 'auth.json');
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) {
    return note(`the real Codex is not logged in (${file} does not exist); ${useCurrent}`, fix);
  }
  if (!stats.isSymbolicLink()) {
    const { words, owner } = describeLogin(file, snapshots);
    const help =
      owner === undefined
        ? 'to adopt it: codex-hotswap import --as NAME'
        : `the account is that of ${owner}, which gets the newer login of the two with: codex-hotswap import`;
    return note(`the real Codex has ${words} of its own (${file}); ${help}`);
  }
  const leadsTo = resolve(dirname(file), readlinkSync(file));
  const owner = snapshots.find(({ target }) => authFileOf(target) === leadsTo)?.target.name;
  if (owner === undefined) {
    const isDangling = lstatSync(leadsTo, { throwIfNoEntry: false }) === undefined;
    const text = `the real Codex uses ${leadsTo}, which is the login of no account; ${useCurrent}`;
    return note(text, isDangling ? fix : undefined);
  }
  if (owner === current) return ok(`the real Codex uses the login of ${current}`);
  return note(`the real Codex uses the login of ${owner}, not of ${current}; ${useCurrent}`, fix);
}
