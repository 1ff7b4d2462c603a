import { restrictConfig } from '../accounts/allowance.ts';
import type { SessionInvocation } from '../codex/argv.ts';
import { type HandoffAccounts, openHandoffAccounts } from '../handoff/accounts.ts';
import type { Ending } from '../handoff/states.ts';
import { keepLaunch } from '../registry/keep-launch.ts';
import { createDeferredWrites } from '../state/deferred-writes.ts';
import { MONITOR } from '../state/package-files.ts';
import type { Paths } from '../state/paths.ts';
import { createAsker } from './ask-marked.ts';
import { closeSessionOverlay } from './close-overlay.ts';
import { runAndClose } from './close-session.ts';
import { openCodex } from './codex-in-use.ts';
import { createLogoutGuard } from './forced-logout.ts';
import type { Launch } from './launch.ts';
import { allowanceIn } from './launch-allowance.ts';
import { readLoginConstraints } from './login-constraints.ts';
import { openReadyOverlay } from './ready-overlay.ts';
import { planSession } from './run-session.ts';
import { settleAccounts } from './settle-accounts.ts';
import { hasTerminal } from './supervised.ts';
import { tellUnknownLogin } from './tell-unknown-login.ts';
import { createTokenKeeper } from './token-keeper.ts';
import { requireDirectory } from './working-directory.ts';

/** A launch whose command line is parsed. */
export interface SessionFacts extends Omit<Launch, 'args' | 'real'> {
  real: string;
  paths: Paths;
  /** As typed, without words of ours. */
  invocation: SessionInvocation;
  /** One line for the user's stderr. */
  say(line: string): void;
  /**
   * Called when some accounts only may be used: then Codex must not run unsupervised.
   * @param allows `the rule for ~/src/acme allows`.
   */
  restrict(allows: string): void;
}

/**
 * Everything that may fail before the child runs: account, overlay, command lines, record.
 * @returns the session, which is not started yet; undefined when Codex has to say itself why it cannot run.
 * @throws HotswapError when Codex is to run without us, or not at all (see launch.ts).
 */
export async function openSession(
  facts: SessionFacts,
): Promise<(() => Promise<Ending>) | undefined> {
  const { paths, env, cwd, say } = facts;
  // Without a terminal the TUI refuses to start, and its own words say why.
  if (facts.invocation.mode === 'interactive' && !hasTerminal(env)) return undefined;
  const settled = await settleAccounts(facts);
  if (settled === 'alone') return undefined;
  if (settled === 'left') return async () => ({ kind: 'exited', code: 0 });
  const { home, reconciled, constraints, resume, allowance, question, identityOf } = settled;
  const { invocation } = resume;
  const config = restrictConfig(constraints.config, allowance);
  const candidates = restrictConfig(reconciled.config, allowance);

  const pty = invocation.mode === 'interactive' ? await loadPty() : undefined;
  const codex = await openCodex({ paths, real: facts.real, env });
  const tokens = createTokenKeeper({ paths, config, real: codex.path, env });
  const asker = createAsker({ paths, config, program: codex.program });
  const overlay = await openReadyOverlay({
    ...{ paths, config, tokens, say, ask: asker.ask, suspects: new Set(reconciled.suspects) },
    wish: { wanted: home.wanted ?? resume.wanted, allowance },
  });
  const { slot, target } = overlay;
  for (const line of [
    home.tell(target),
    facts.wanted?.kind === 'only' ? undefined : tellUnknownLogin(paths, reconciled, target),
    ...overlay.notices,
    resume.tellHidden(target),
    reconciled.problem,
  ]) {
    if (line !== undefined) say(`codex-hotswap: ${line}`);
  }

  const records = createDeferredWrites();
  const accounts: HandoffAccounts = openHandoffAccounts({
    ...{ paths, slot, target, tokens, records, now: Date.now },
    config: candidates,
    allowance: { own: allowance, ofDirectory: (at) => allowanceIn(config, at, paths.home) },
    keepsHome: home.keepsHome,
    pinned: facts.pinned ?? false,
    askAccounts: asker.ask,
    constraints,
    async readConstraints(directory) {
      requireDirectory({ ...question, directory });
      return readLoginConstraints({ ...question, config: candidates, directory });
    },
  });
  const session = {
    ...{ facts, config, accounts, tokens, asker, records, spawnPty: pty?.spawnPty },
    atLimit: overlay.atLimit,
    plan: {
      ...{ codex, invocation, cwd, slot },
      ...{ settings: constraints.settings, prompt: config.prompt },
    },
    logoutGuard: createLogoutGuard(paths, config, settled.directory, () => new Date()),
    keeper: keepLaunch({
      ...{ paths, target, cwd, args: facts.invocation.args, mode: invocation.mode },
      ...{ identityOf, records, now: () => new Date() },
    }),
  };
  const run = await planSession(session).catch(async (error: unknown) => {
    await closeSessionOverlay(paths, config, slot, target);
    throw error;
  });
  return () => runAndClose(session, run);
}

/** The pty's native part is loaded only where it is needed, and may be missing (musl, a broken install). */
async function loadPty(): Promise<typeof import('../pty/spawn.ts')> {
  const pty = await import('../pty/spawn.ts');
  pty.checkPty(MONITOR);
  return pty;
}
