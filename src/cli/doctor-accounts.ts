import { lstatSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isSameIdentity } from '../accounts/login.ts';
import { readStandings, type Standing } from '../accounts/standing.ts';
import { authFileOf } from '../accounts/vault.ts';
import { HotswapError } from '../errors.ts';
import type { Config } from '../state/config.ts';
import { type Context, currentName, requireConfig } from './context.ts';
import { type Finding, issue, note, ok } from './finding.ts';
import { ownerOf } from './prime.ts';
import { reportTarget } from './target-report.ts';

/** The configuration and, for each target, its vault and the login in it. */
export function checkAccounts(context: Context): Finding[] {
  let config: Config;
  try {
    config = requireConfig(context);
  } catch (error) {
    if (error instanceof HotswapError) return [issue(`${error.message}; ${error.advice}`)];
    throw error;
  }
  const { standings, notices } = readStandings(context.paths, config);
  const current = currentName(context, config);
  return [
    ok(
      `${config.targets.length} targets in ${context.paths.configFile}; new sessions start with ${current}`,
    ),
    ...notices.map(note),
    ...standings.flatMap((standing) => checkTarget(standing, current, context.now)),
    ...findTwins(standings),
    ...checkSharedAuth(context, standings),
  ];
}

function checkTarget(standing: Standing, current: string, now: Date): Finding[] {
  const { target } = standing;
  const { state, reason, email, plan } = reportTarget(standing, current, now);
  const who = [email, plan].filter((word) => word !== null).join(', ');
  const text = `${target.name}${who === '' ? '' : ` (${who})`}: ${reason ?? 'logged in'}`;
  const finding =
    state === 'ready' ? ok(text) : state === 'marked' || state === 'off' ? note(text) : issue(text);
  return [finding, ...checkVaultMode(target.vault)];
}

function checkVaultMode(vault: string): Finding[] {
  const stats = statSync(vault, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  return (stats.mode & 0o077) === 0
    ? []
    : [issue(`${vault} is open to other users; run: chmod 700 ${vault}`)];
}

/** Two targets of one account hit its limit together, and refreshing one token may end the other. */
function findTwins(standings: readonly Standing[]): Finding[] {
  return standings.flatMap(({ target, vault }, index) => {
    if (vault.kind !== 'ready') return [];
    const twin = standings
      .slice(0, index)
      .find(
        (other) =>
          other.vault.kind === 'ready' && isSameIdentity(other.vault.identity, vault.identity),
      );
    return twin === undefined
      ? []
      : [
          issue(
            `${twin.target.name} and ${target.name} are the same account; log in with another: codex-hotswap login ${target.name}`,
          ),
        ];
  });
}

function checkSharedAuth({ paths }: Context, standings: readonly Standing[]): Finding[] {
  const file = join(paths.sharedHome, 'auth.json');
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined)
    return [
      note(`plain codex is not logged in (${file} does not exist); run: codex-hotswap use TARGET`),
    ];
  if (!stats.isSymbolicLink()) {
    return [
      note(
        `plain codex has ${ownerOf(file) ?? 'a login'} of its own (${file}); to adopt it: codex-hotswap import --as NAME`,
      ),
    ];
  }
  const leadsTo = resolve(dirname(file), readlinkSync(file));
  const owner = standings.find(({ target }) => authFileOf(target) === leadsTo);
  return [
    owner === undefined
      ? note(`plain codex uses ${leadsTo}, which is no target's`)
      : ok(`plain codex uses the login of ${owner.target.name}`),
  ];
}
