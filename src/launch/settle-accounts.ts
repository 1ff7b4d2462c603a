import { recordIdentity } from '../accounts/account-state.ts';
import { describeIdentity, type Identity } from '../accounts/login.ts';
import { isStranger, moveStranger, type Stranger } from '../accounts/move-stranger.ts';
import { noticeLogout } from '../accounts/notice-logout.ts';
import { finishRename } from '../accounts/rename.ts';
import { readStandings } from '../accounts/standing.ts';
import { authFileOf } from '../accounts/vault.ts';
import { describeError } from '../errors.ts';
import { isShown, repointSlots } from '../overlay/shown.ts';
import { type Config, readConfig } from '../state/config.ts';
import { appendEvent } from '../state/events.ts';
import type { Paths } from '../state/paths.ts';

/**
 * Takes note of what was done to logins behind our back, before anybody chooses among them: plain codex logged out or in,
 * a login written into the vault of another account. Where it can, it puts things right; else the choice passes the
 * target over. Never throws: what cannot be settled now is told and tried again the next time.
 * @returns the configuration, with what was added to it, and lines for the user; `problem`: why it was not settled.
 */
export async function settleAccounts(
  paths: Paths,
  config: Config,
  now: Date,
  options: { isLaunch?: boolean } = {},
): Promise<{ config: Config; lines: string[]; problem?: string }> {
  let settled = config;
  const lines: string[] = [];
  const note = (news: readonly string[]) => {
    lines.push(...news);
    for (const message of news)
      appendEvent(paths, { at: now.toISOString(), type: 'notice', message });
  };
  try {
    const renaming = await finishRename(paths);
    if (renaming !== undefined) {
      settled = readConfig(paths) ?? config;
      repointSlots(paths, authFileOf(renaming.from), authFileOf(renaming.to));
      note([
        `${renaming.from.name} is called ${renaming.to.name} now: an interrupted renaming was finished`,
      ]);
    }
    const { standings, notices } = readStandings(paths, settled);
    lines.push(...notices);
    note(noticeLogout(paths, standings, now, options));
    for (const standing of standings) {
      const { target, vault, state } = standing;
      if (vault.kind === 'ready' && state.identity === undefined) {
        recordQuietly(paths, target.name, vault.identity);
      }
      if (!isStranger(standing)) continue;
      if (isShown(paths, standing.vault.authFile)) {
        lines.push(tellLater(standing));
        continue;
      }
      const moved = await moveStranger(paths, settled, standing, { now });
      settled = moved.config;
      note(moved.lines);
    }
  } catch (error) {
    const why = describeError(error).text.replace(/^codex-hotswap: /, '');
    return { config: settled, lines, problem: `the logins could not be put in order: ${why}` };
  }
  return { config: settled, lines };
}

/** The next who looks at it can do it as well. */
function recordQuietly(paths: Paths, target: string, identity: Identity): void {
  try {
    recordIdentity(paths, target, identity);
  } catch {
    // A full disk, say.
  }
}

// Its codex may be the one that holds that login in memory: two places would spend one refresh token twice.
function tellLater({ target, vault }: Stranger): string {
  return `the vault of ${target.name} was given the login of ${describeIdentity(vault.identity)}; it is left there, unused, until the session on it has ended`;
}
