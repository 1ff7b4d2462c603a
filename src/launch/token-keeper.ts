import { spawn } from 'node:child_process';
import { readAccountState } from '../accounts/account-state.ts';
import type { Renewal } from '../accounts/login.ts';
import { activeMarks } from '../accounts/marks.ts';
import { failedLately } from '../accounts/refresh-failure.ts';
import { isInTime, type Need, needsRefresh, refreshDueAt } from '../accounts/token-age.ts';
import { inspectVault } from '../accounts/vault.ts';
import { attempt } from '../state/attempt.ts';
import type { Config } from '../state/config.ts';
import { KEEPER_PROGRAM } from '../state/package-files.ts';
import type { Paths } from '../state/paths.ts';

export interface TokenKeeperFacts {
  paths: Paths;
  config: Config;
  /** The path of the real codex, looked up at each refresh: an update may have moved it. */
  real(): string;
  env: NodeJS.ProcessEnv;
}

/**
 * Refreshes access tokens before a Codex would: several Codexes at once would spend one refresh token twice, which can cost
 * the account (fact 16). A separate process does the work (keep-token.ts) and may live longer than us: the service sends the
 * new refresh token only once, and the vault must get it.
 */
export interface TokenKeeper {
  /**
   * Call it before a child starts under an account. A young token costs one read of the vault. An old token is refreshed in
   * the background. When Codex itself would refresh at its first request, waits for our refresh, 10 s at most.
   * @returns `needs-login` when the service has refused the refresh token.
   */
  prepare(target: string): Promise<'ready' | 'needs-login'>;
  /** For an account that may be logged out: refreshes a token of any age, to learn whether the login still works. */
  verifyLogin(target: string): Promise<'ready' | 'needs-login'>;
  /** Refreshes the token of the current target in time while a child runs. @returns a function that stops it. */
  watch(current: () => string): () => void;
}

/** A refresh takes half a second. After this time Codex starts, and refreshes itself. */
const WAIT_MS = 10_000;
/** When a token of the last minutes has not changed for so long, no Codex uses it. */
const UNUSED_MS = 10_000;
/** A timer does not run while the machine sleeps, so no timer is longer than a minute. */
const TICK_MS = { least: 1000, most: 60_000 };

export function createTokenKeeper(facts: TokenKeeperFacts): TokenKeeper {
  const { paths, config } = facts;
  const marginSeconds = config.refreshMarginSeconds;
  const jitter = Math.random();

  function findNeed(name: string): RefreshNeed {
    const target = config.targets.find((candidate) => candidate.name === name);
    const vault = target && inspectVault(target);
    const renewal = vault?.kind === 'ready' ? vault.renewal : undefined;
    const nowSeconds = Date.now() / 1000;
    const need = needsRefresh(renewal, { nowSeconds, marginSeconds, jitter });
    const rests = need !== 'no' && failedLately(paths, name, need, Date.now());
    return { need: rests ? 'no' : need, renewal };
  }

  /** A vault that cannot be read now is read again at the next tick. */
  function findNeedQuietly(name: string): RefreshNeed {
    return attempt(() => findNeed(name)) ?? { need: 'no', renewal: undefined };
  }

  async function waitAndJudge(
    name: string,
    worker: Promise<void>,
  ): Promise<'ready' | 'needs-login'> {
    await waitFor(worker, WAIT_MS);
    const { state } = readAccountState(paths, name);
    const marks = activeMarks(state, Date.now() / 1000);
    return marks.some(({ kind }) => kind === 'needs-login') ? 'needs-login' : 'ready';
  }

  return {
    async prepare(name) {
      const { need } = findNeedQuietly(name);
      if (need === 'no') return 'ready';
      const worker = startWorker(facts, name);
      return need === 'soon' ? 'ready' : waitAndJudge(name, worker);
    },
    verifyLogin: (name) => waitAndJudge(name, startWorker(facts, name, 'suspect')),
    watch(current) {
      let timer: NodeJS.Timeout | undefined;
      let last: { renewal: Renewal | undefined; since: number } | undefined;
      const tick = () => {
        const name = current();
        const { need, renewal } = findNeedQuietly(name);
        // After the sleep of a machine a token may be in its last minutes. The first Codex that makes a request refreshes it,
        // and may have begun already. When the token is still old 10 s later, no Codex uses it, so we refresh it.
        if (need !== 'now') last = undefined;
        else if (last?.renewal?.expiresAt !== renewal?.expiresAt) {
          last = { renewal, since: Date.now() };
        }
        const isUnused = last !== undefined && Date.now() - last.since >= UNUSED_MS;
        if (isInTime(need) || isUnused) void startWorker(facts, name);
        if (isUnused) last = undefined;
        timer = setTimeout(tick, isInTime(need) ? TICK_MS.most / 12 : untilDue(renewal)).unref();
      };
      const untilDue = (renewal: Renewal | undefined) => {
        if (renewal === undefined) return TICK_MS.most;
        const due = refreshDueAt(renewal, { marginSeconds, jitter }) * 1000 - Date.now();
        return Math.min(Math.max(due, TICK_MS.least), TICK_MS.most);
      };
      timer = setTimeout(tick, TICK_MS.least).unref();
      return () => clearTimeout(timer);
    },
  };
}

interface RefreshNeed {
  need: Need;
  renewal: Renewal | undefined;
}

/** Resolves when the worker has ended; never rejects. */
function startWorker(
  { real, env }: TokenKeeperFacts,
  target: string,
  ...words: 'suspect'[]
): Promise<void> {
  return new Promise((resolve) => {
    try {
      const { CODEX_HOTSWAP_SHIM: _ours, ...rest } = env;
      // In a new process group: neither Ctrl-C nor a closed window reaches it.
      const worker = spawn(process.execPath, [KEEPER_PROGRAM, target, real(), ...words], {
        env: rest,
        cwd: '/',
        detached: true,
        stdio: 'ignore',
      });
      worker.on('error', () => resolve());
      worker.on('exit', () => resolve());
      worker.unref();
    } catch {
      resolve(); // no process can be started: Codex refreshes by itself
    }
  });
}

/** The timer keeps this process alive, as the detached worker does not. */
function waitFor(worker: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void worker.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
