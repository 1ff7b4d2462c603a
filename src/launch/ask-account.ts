import { join } from 'node:path';
import { keepLastGood } from '../accounts/last-good.ts';
import { accountLock, listVaults, readTargets } from '../accounts/target-snapshot.ts';
import { authFileOf } from '../accounts/vault.ts';
import { type AppServerReply, type AppServerRequest, askAppServer } from '../codex/app-server.ts';
import { parseArgv } from '../codex/argv.ts';
import { HotswapError } from '../errors.ts';
import { adoptSlot } from '../overlay/adopt.ts';
import { furnishSlot } from '../overlay/furnish.ts';
import { holdsSlot, leaseSlot, recordUsers, releaseSlot } from '../overlay/lease.ts';
import { pointAuth } from '../overlay/point-auth.ts';
import type { Config, Target } from '../state/config.ts';
import { createDeferredWrites } from '../state/deferred-writes.ts';
import { ensurePrivateDir } from '../state/files.ts';
import { awaitLock, type Lock } from '../state/lock.ts';
import type { Paths } from '../state/paths.ts';
import { ownIdentity, processStartTime } from '../state/process-identity.ts';
import type { Program } from './locate-codex.ts';
import { wordsToAsk } from './login-constraints.ts';

export interface AskContext {
  paths: Paths;
  config: Config;
  /** The Codex to ask, looked up at each question: an update may have moved it. */
  program(): Program;
  /** Milliseconds for the wait while another process asks the same account, and the conversation after it. */
  timeoutMs: number;
}

/**
 * Asks Codex itself about an account, in a leased overlay whose auth.json is a link to the vault. So Codex writes a refreshed
 * token into the vault, and there is no second copy. Only one process at a time asks about an account, because each of them
 * may refresh the token (fact 16).
 * @param chooseRequests returns the requests; called with the account's lock held. Without a request no Codex is started.
 * @throws what leasing throws (`no-free-slot`, `home-unwritable`); `in-use` when another process holds the lock too long;
 * `forced-login` and `no-usable-target` when Codex would not use the account (see login-constraints.ts).
 */
export async function askAccount(
  asking: AskContext,
  target: Target,
  chooseRequests: () => readonly AppServerRequest[],
): Promise<AppServerReply[]> {
  const begun = Date.now();
  const lock = await awaitLock(accountLock(asking.paths, target.name), asking.timeoutMs);
  if (lock === undefined) {
    throw new HotswapError(
      'in-use',
      `another process is asking about ${target.name}`,
      'try again in a moment',
    );
  }
  try {
    const requests = chooseRequests();
    const timeoutMs = Math.max(asking.timeoutMs - (Date.now() - begun), LEAST_MS);
    return requests.length === 0
      ? []
      : await converse({ ...asking, timeoutMs }, target, requests, lock);
  } finally {
    lock.release();
  }
}

/** Codex needs some 0.5 s to answer. */
const LEAST_MS = 1000;

async function converse(
  { paths, config, program, timeoutMs }: AskContext,
  target: Target,
  requests: readonly AppServerRequest[],
  lock: Lock,
): Promise<AppServerReply[]> {
  const own = ownIdentity();
  const { file, env: base } = program();
  const invocation = parseArgv(['app-server']);
  const place = { invocation, sharedHome: paths.sharedHome, cwd: paths.runtimeDir };
  const words = await wordsToAsk(place, target);
  const slot = leaseSlot(paths, paths.sharedHome, own);
  const adopt = () =>
    adoptSlot(slot, {
      // We hold the lock already, so a login in the slot goes to its vault without it.
      vaults: listVaults(readTargets(paths, config)).map(({ lock: _lock, ...vault }) => vault),
      orphansDir: paths.orphansDir,
      now: new Date(),
    });
  // When we are killed, the server completes its refresh. It keeps the lock, so no other process begins a refresh.
  const started = (pid: number) => {
    const startTime = processStartTime(pid);
    const records = createDeferredWrites();
    // The server runs on when this cannot be written.
    records.attempt('who uses the directory of the session', () => {
      if (startTime !== undefined) recordUsers(slot, [own, { pid, startTime }]);
    });
    records.attempt('who asks the account', () => lock.share(pid));
  };
  try {
    // A killed session, or a shell that outlived its session, may have left a login in the slot.
    adopt();
    furnishSlot(slot);
    pointAuth(slot, authFileOf(target));
    // The server ends after a second, and must not use the user's databases.
    const scratch = join(slot.side, 'sqlite');
    ensurePrivateDir(scratch);
    const { CODEX_ACCESS_TOKEN: _outranksTheVault, ...rest } = base; // fact 24
    const env = { ...rest, CODEX_HOME: slot.home, CODEX_SQLITE_HOME: scratch };
    return await askAppServer({ file, words, env, cwd: slot.home, timeoutMs, started }, requests);
  } finally {
    if (holdsSlot(slot)) adopt();
    keepLastGood(paths, target);
    releaseSlot(slot);
  }
}
