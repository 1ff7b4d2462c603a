import { spawn } from 'node:child_process';
import { readAccountState } from '../accounts/account-state.ts';
import type { Renewal } from '../accounts/login.ts';
import { activeMarks } from '../accounts/marks.ts';
import { failedLately } from '../accounts/refresh-failure.ts';
import { isInTime, type Need, needsRefresh, refreshDueAt } from '../accounts/token-age.ts';
import { inspectVault } from '../accounts/vault.ts';
import type { Config } from '../state/config.ts';
import { KEEPER_PROGRAM } from '../state/package-files.ts';
import type { Paths } from '../state/paths.ts';

export interface TokenKeeperFacts {
  paths: Paths;
  config: Config;
  /** The real codex. */
  real: string;
  env: NodeJS.ProcessEnv;
}

/**
 * Keeps access tokens young, so that no Codex ever refreshes one: several at once would spend one refresh token twice,
 * which can cost the account (fact 16). The work is done by a process of its own (keep-token.ts) that outlives us: the
 * new refresh token comes but once, and has to reach the vault.
 */
export interface TokenKeeper {
  /**
   * Before a child starts under an account. A young token costs one look at the vault; an old one is refreshed in the
   * background; only for one that Codex itself would refresh, now or by the time that it asks for something, it is waited,
   * and not for long.
   * @returns `needs-login` when the refresh token turned out to be dead.
   */
  prepare(target: string): Promise<'ready' | 'needs-login'>;
  /**
   * For a Codex that takes the account for logged out: has the token refreshed however young it is, which tells whether
   * the login still works.
   */
  verifyLogin(target: string): Promise<'ready' | 'needs-login'>;
  /** While a child runs: looks again when the token is due. Keeps no process alive. @returns how to stop. */
  watch(current: () => string): () => void;
}

/** A refresh takes half a second; Codex can do it, too. */
const PATIENCE_MS = 10_000;
const UNUSED_MS = 10_000;
/** The machine may sleep: one long timer would stand still meanwhile. */
const LOOK_MS = { least: 1000, most: 60_000 };

export function createTokenKeeper(facts: TokenKeeperFacts): TokenKeeper {
  const { paths, config } = facts;
  const marginSeconds = config.refreshMarginSeconds;
  const jitter = Math.random();

  function look(name: string): Look {
    const target = config.targets.find((candidate) => candidate.name === name);
    const vault = target && inspectVault(target);
    const renewal = vault?.kind === 'ready' ? vault.renewal : undefined;
    const nowSeconds = Date.now() / 1000;
    const need = needsRefresh(renewal, { nowSeconds, marginSeconds, jitter });
    const rests = need !== 'no' && failedLately(paths, name, need, Date.now());
    return { need: rests ? 'no' : need, renewal };
  }

  /** A vault that cannot be looked at now is looked at again: there is nobody to tell. */
  function lookQuietly(name: string): Look {
    try {
      return look(name);
    } catch {
      return { need: 'no', renewal: undefined };
    }
  }

  async function judge(name: string, worker: Promise<void>): Promise<'ready' | 'needs-login'> {
    await waitFor(worker, PATIENCE_MS);
    const { state } = readAccountState(paths, name);
    const marks = activeMarks(state, Date.now() / 1000);
    return marks.some(({ kind }) => kind === 'needs-login') ? 'needs-login' : 'ready';
  }

  return {
    async prepare(name) {
      const { need } = lookQuietly(name);
      if (need === 'no') return 'ready';
      const worker = startWorker(facts, name);
      return need === 'soon' ? 'ready' : judge(name, worker);
    },
    verifyLogin: (name) => judge(name, startWorker(facts, name, 'suspect')),
    watch(current) {
      let timer: NodeJS.Timeout | undefined;
      let last: { renewal: Renewal | undefined; since: number } | undefined;
      const tick = () => {
        const name = current();
        const { need, renewal } = lookQuietly(name);
        // In its last minutes (the machine has slept) a token is refreshed by the first Codex that asks something, which
        // may be at it already. One that is still old a while later is used by nobody.
        if (need !== 'now') last = undefined;
        else if (last?.renewal?.expiresAt !== renewal?.expiresAt) {
          last = { renewal, since: Date.now() };
        }
        const isUnused = last !== undefined && Date.now() - last.since >= UNUSED_MS;
        if (isInTime(need) || isUnused) void startWorker(facts, name);
        if (isUnused) last = undefined;
        timer = setTimeout(tick, isInTime(need) ? LOOK_MS.most / 12 : untilDue(renewal)).unref();
      };
      const untilDue = (renewal: Renewal | undefined) => {
        if (renewal === undefined) return LOOK_MS.most;
        const due = refreshDueAt(renewal, { marginSeconds, jitter }) * 1000 - Date.now();
        return Math.min(Math.max(due, LOOK_MS.least), LOOK_MS.most);
      };
      timer = setTimeout(tick, LOOK_MS.least).unref();
      return () => clearTimeout(timer);
    },
  };
}

interface Look {
  need: Need;
  renewal: Renewal | undefined;
}

/** @returns when it is done; never rejects. */
function startWorker(
  { real, env }: TokenKeeperFacts,
  target: string,
  ...words: 'suspect'[]
): Promise<void> {
  return new Promise((resolve) => {
    try {
      const { CODEX_HOTSWAP_SHIM: _ours, ...rest } = env;
      // A session of its own: neither Ctrl-C nor a closed window reaches it.
      const worker = spawn(process.execPath, [KEEPER_PROGRAM, target, real, ...words], {
        env: rest,
        cwd: '/',
        detached: true,
        stdio: 'ignore',
      });
      worker.on('error', () => resolve());
      worker.on('exit', () => resolve());
      worker.unref();
    } catch {
      resolve(); // no process to be had: Codex refreshes by itself
    }
  });
}

/** The timer keeps us alive, as the worker does not. */
function waitFor(worker: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void worker.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
