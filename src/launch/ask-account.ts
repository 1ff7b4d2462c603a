import { join } from 'node:path';
import { listVaults, readStandings } from '../accounts/standing.ts';
import { authFileOf } from '../accounts/vault.ts';
import { type AppServerReply, type AppServerRequest, askAppServer } from '../codex/app-server.ts';
import { adoptSlot } from '../overlay/adopt.ts';
import { furnishSlot } from '../overlay/furnish.ts';
import { leaseSlot, releaseSlot } from '../overlay/lease.ts';
import { pointAuth } from '../overlay/point-auth.ts';
import type { Config, Target } from '../state/config.ts';
import { ensurePrivateDir } from '../state/files.ts';
import type { Paths } from '../state/paths.ts';
import { ownIdentity } from '../state/process-identity.ts';
import type { Program } from './plans.ts';

export interface AskingOffice {
  paths: Paths;
  config: Config;
  /** The Codex to ask. */
  program: Program;
  timeoutMs: number;
}

/**
 * Asks Codex itself about an account, in a leased overlay whose auth.json is the link to the vault: a token that Codex
 * refreshes on the way is in the vault, and no second copy ever exists (design 8).
 * @throws what leasing throws (`no-free-slot`, `home-unwritable`).
 */
export async function askAccount(
  { paths, config, program, timeoutMs }: AskingOffice,
  target: Target,
  requests: readonly AppServerRequest[],
): Promise<AppServerReply[]> {
  const slot = leaseSlot(paths, paths.sharedHome, ownIdentity());
  const adopt = () =>
    adoptSlot(slot, {
      vaults: listVaults(readStandings(paths, config).standings),
      orphansDir: paths.orphansDir,
      now: new Date(),
    });
  try {
    if (slot.reclaimedFrom !== undefined) adopt();
    furnishSlot(slot);
    pointAuth(slot, authFileOf(target));
    // The server is gone in a second; the user's databases need not know that it was there.
    const scratch = join(slot.side, 'sqlite');
    ensurePrivateDir(scratch);
    const env = { ...program.env, CODEX_HOME: slot.home, CODEX_SQLITE_HOME: scratch };
    return await askAppServer({ file: program.file, env, cwd: slot.home, timeoutMs }, requests);
  } finally {
    adopt();
    releaseSlot(slot);
  }
}
