import { Command, InvalidArgumentError } from 'commander';
import { readAccountState } from '../../accounts/account-state.ts';
import { describeIdentity } from '../../accounts/login.ts';
import { markLoggedOut } from '../../accounts/notice-logout.ts';
import { holdsForeignLogin } from '../../accounts/owner.ts';
import { recordUsage } from '../../accounts/record-facts.ts';
import { usageFromReply } from '../../accounts/usage.ts';
import { inspectVault } from '../../accounts/vault.ts';
import { readAccountReply, readLimitsReply } from '../../codex/account-reply.ts';
import { dropUndefined } from '../../codex/json.ts';
import { classifyLimitText } from '../../codex/limits.ts';
import { type AskContext, askAccount } from '../../launch/ask-account.ts';
import { readAndRefresh } from '../../launch/keep-token.ts';
import { findProgram, requireRealCodex } from '../../launch/locate-codex.ts';
import type { Target } from '../../state/config.ts';
import type { Paths } from '../../state/paths.ts';
import { type Context, findTarget, readReconciledConfig } from '../context.ts';
import { summariseUsage } from '../look/usage-text.ts';
import { refuseRepeated } from '../names.ts';

export function refreshCommand(context: Context): Command {
  return new Command('refresh')
    .description('ask Codex how much each account has used of its limits')
    .argument('[accounts...]', 'their names (default: all that are on)')
    .option('--all', 'all accounts that are on; the same as without names')
    .option('--timeout <seconds>', 'how long to wait for each account', parseSeconds, 20)
    .addHelpText('after', '\nExample:\n  codex-hotswap refresh acc1 acc2 && codex-hotswap status')
    .action((names: string[], options: { timeout: number }) =>
      refresh(context, names, options.timeout),
    );
}

/** Asks all targets at the same time. The exit status is 1 when a target could not be asked. */
async function refresh(context: Context, names: string[], timeout: number): Promise<void> {
  refuseRepeated(names);
  const config = await readReconciledConfig(context);
  const targets =
    names.length === 0
      ? config.targets.filter(({ enabled }) => enabled)
      : names.map((name) => findTarget(config, name));
  const program = findProgram(requireRealCodex(context.env, context.paths), context.env);
  const asking: AskContext = {
    paths: context.paths,
    config,
    program: () => program,
    timeoutMs: Math.min(timeout, MOST_SECONDS) * 1000,
  };
  const outcomes = await Promise.all(
    targets.map(async (target) => {
      const outcome = await refreshTarget(asking, target, context);
      context.say(`${target.name}: ${outcome.text}`);
      return outcome.ok;
    }),
  );
  if (outcomes.includes(false)) process.exitCode = 1;
}

/** Node ends a timer of more than 24 days at once. */
const MOST_SECONDS = 3600;

function parseSeconds(text: string): number {
  if (Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('expected a number of seconds.');
}

type Outcome = { ok: boolean; text: string };

async function refreshTarget(
  asking: AskContext,
  target: Target,
  context: Context,
): Promise<Outcome> {
  const vault = inspectVault(target);
  if (vault.kind === 'empty') {
    return { ok: false, text: `not logged in; run: codex-hotswap login ${target.name}` };
  }
  if (vault.kind !== 'ready') return { ok: false, text: `${vault.reason}; ${vault.advice}` };
  const { state } = readAccountState(asking.paths, target.name);
  if (holdsForeignLogin({ target, vault, state })) {
    return {
      ok: false,
      text: `it has the login of another account now, ${describeIdentity(vault.identity)}`,
    };
  }
  const askedAt = Date.now() / 1000;
  const [account, limits] = await askAccount(asking, target, () => [
    readAndRefresh(target, asking.config),
    { method: 'account/rateLimits/read', params: null },
  ]).catch((error: Error) => [{ ok: false as const, message: error.message }, undefined]);
  const reply = limits && readLimitsReply(limits);
  if (reply === undefined) {
    const why =
      limits && !limits.ok
        ? limits.message
        : account && !account.ok
          ? account.message
          : 'Codex named no limits';
    return { ok: false, text: noteRefusal(asking.paths, target.name, why, context.now) };
  }
  const plan = (account && readAccountReply(account)?.plan) ?? reply.plan;
  const usage = usageFromReply({ ...reply, ...dropUndefined({ plan }) }, askedAt);
  // It ends the marks that it disproves (accounts/evidence.ts).
  recordUsage(asking.paths, target.name, usage);
  return { ok: true, text: summariseUsage(usage, context.now) };
}

/** Marks an account when Codex says that its login is dead. @returns the text for the user. */
function noteRefusal(paths: Paths, target: string, why: string, now: Date): string {
  if (classifyLimitText(why)?.kind !== 'needs-login') return why;
  markLoggedOut(paths, target, why, now);
  return `${why}; run: codex-hotswap login ${target}`;
}
