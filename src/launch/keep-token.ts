import { clearMarks } from '../accounts/account-state.ts';
import { markLoggedOut } from '../accounts/notice-logout.ts';
import { holdsForeignLogin } from '../accounts/owner.ts';
import { failedLately, forgetFailure, noteFailure } from '../accounts/refresh-failure.ts';
import { readTargets } from '../accounts/target-snapshot.ts';
import { isInTime, type Need, needsRefresh } from '../accounts/token-age.ts';
import { authFileOf, inspectVault } from '../accounts/vault.ts';
import { hasNoAccount } from '../codex/account-reply.ts';
import type { AppServerReply, AppServerRequest } from '../codex/app-server.ts';
import { classifyLimitText } from '../codex/limits.ts';
import { HotswapError } from '../errors.ts';
import { readTextQuietly } from '../regular-file.ts';
import { type Config, readConfig, type Target } from '../state/config.ts';
import { homeOf, type Paths, requireOwnHome, resolvePaths } from '../state/paths.ts';
import { askAccount } from './ask-account.ts';
import { findProgram } from './locate-codex.ts';
import { logEvent } from './log-event.ts';

/** Long: a refresh that is cut off costs the account. No session waits for this process. */
const TIMEOUT_MS = 60_000;

/**
 * The worker of the token keeper, a separate process (see token-keeper.ts): makes Codex refresh the access token of an
 * account, unless another process has just done that. It prints nothing. The result is in the vault, the marks and the log.
 * @param request.mayBeLoggedOut refreshes a token of any age, to learn whether the login still works.
 */
export async function keepToken(
  { name, real, mayBeLoggedOut }: { name: string; real: string; mayBeLoggedOut?: boolean },
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const paths = resolvePaths(env, homeOf(env));
  requireOwnHome(paths.home);
  const config = readConfig(paths);
  const target = config?.targets.find((candidate) => candidate.name === name);
  if (config === undefined || target === undefined) return;
  const asking = { paths, config, program: () => findProgram(real, env), timeoutMs: TIMEOUT_MS };
  const startedAt = Date.now();
  let before = '';
  const replies = await askAccount(asking, target, () => {
    if (!hasOwnLogin(paths, config, target)) return [];
    before = readText(target);
    const need = needOf(target, config);
    const rests = need === 'no' || failedLately(paths, name, need, Date.now());
    if (rests && !mayBeLoggedOut) return [];
    return [readAndRefresh(target, config, mayBeLoggedOut)];
  }).catch((error: Error): AppServerReply[] => [{ ok: false, message: messageOf(error) }]);
  const [reply] = replies;
  if (reply === undefined) return;
  const outcome = judgeRefresh(reply, before, readText(target));
  switch (outcome.kind) {
    case 'refreshed': {
      forgetFailure(paths, name);
      clearMarks(paths, name, ['needs-login']);
      const milliseconds = Date.now() - startedAt;
      return logEvent(paths, { type: 'refreshed', target: name, milliseconds });
    }
    case 'refused':
      markLoggedOut(paths, name, REFUSED, new Date());
      return logEvent(paths, { type: 'needs-login', target: name, reason: REFUSED });
    case 'failed':
      noteFailure(paths, name);
      logEvent(paths, { type: 'refresh-failed', target: name, reason: outcome.reason });
  }
}

const REFUSED = 'its refresh token was refused: it has expired, was revoked or was used elsewhere';

export type RefreshOutcome =
  | { kind: 'refreshed' }
  /** The refresh token never works again. The account needs a new login. */
  | { kind: 'refused' }
  /** No network, or an error of the server: a refresh may work later. */
  | { kind: 'failed'; reason: string };

/**
 * Judges whether a refresh has worked. Codex does not tell that: it answers `account/read` also when the refresh has failed.
 * When the service has refused the refresh token, the answer has no account (fact 95).
 * @param before the text of the vault's auth.json before the question.
 * @param after the text after the answer.
 */
export function judgeRefresh(reply: AppServerReply, before: string, after: string): RefreshOutcome {
  if (after !== before && after !== '') return { kind: 'refreshed' };
  if (!reply.ok) {
    const isRefused = classifyLimitText(reply.message)?.kind === 'needs-login';
    return isRefused ? { kind: 'refused' } : { kind: 'failed', reason: reply.message };
  }
  if (after !== '' && hasNoAccount(reply)) return { kind: 'refused' };
  return { kind: 'failed', reason: 'the service could not be reached, or did not answer' };
}

/**
 * The request that makes Codex refresh. In the last minutes of a token the server refreshes it at its start, and
 * `refreshToken` would cause a second refresh (fact 94). For a login that may be revoked `refreshToken` is always set: then
 * Codex answers only after its refresh was refused.
 */
export function readAndRefresh(
  target: Target,
  config: Config,
  mayBeLoggedOut = false,
): AppServerRequest {
  const refreshToken = mayBeLoggedOut || isInTime(needOf(target, config));
  return { method: 'account/read', params: { refreshToken } };
}

function needOf(target: Target, { refreshMarginSeconds }: Config): Need {
  const vault = inspectVault(target);
  const renewal = vault.kind === 'ready' ? vault.renewal : undefined;
  // Without jitter the margin is the widest one. The session that has started us may have had a smaller one.
  const rule = { marginSeconds: refreshMarginSeconds, jitter: 0 };
  return needsRefresh(renewal, { ...rule, nowSeconds: Date.now() / 1000 });
}

/** False when the vault has a foreign login: then a refresh would say nothing about this account. */
function hasOwnLogin(paths: Paths, config: Config, { name }: Target): boolean {
  const snapshots = readTargets(paths, config);
  const snapshot = snapshots.find(({ target }) => target.name === name);
  return snapshot !== undefined && !holdsForeignLogin(snapshot);
}

function readText(target: Target): string {
  return readTextQuietly(authFileOf(target));
}

function messageOf(error: Error): string {
  return error instanceof HotswapError ? error.message : error.name;
}
