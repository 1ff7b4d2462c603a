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
import { appendEvent } from '../state/events.ts';
import { homeOf, type Paths, requireOwnHome, resolvePaths } from '../state/paths.ts';
import { askAccount } from './ask-account.ts';
import { findProgram } from './plans.ts';

/** Long, as a refresh that is cut off costs the account, and no session waits for this process. */
const TIMEOUT_MS = 60_000;

/**
 * The keeper's worker, a process of its own (see token-keeper.ts): has Codex refresh the access token of an account, unless
 * another process has done so meanwhile. It prints nothing. The result is in the vault, the marks and the event log.
 * @param request.mayBeLoggedOut refresh the token whatever its age, to learn whether the login still works.
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
  const program = findProgram(real, env);
  const asking = { paths, config, program, timeoutMs: TIMEOUT_MS };
  const startedAt = Date.now();
  let before = '';
  const replies = await askAccount(asking, target, () => {
    if (!isOurs(paths, config, target)) return [];
    before = readText(target);
    const need = needOf(target, config);
    const rests = need === 'no' || failedLately(paths, name, need, Date.now());
    if (rests && !mayBeLoggedOut) return [];
    return [readAndRefresh(target, config, mayBeLoggedOut)];
  }).catch((error: Error): AppServerReply[] => [{ ok: false, message: messageOf(error) }]);
  const [reply] = replies;
  if (reply === undefined) return;
  const outcome = judgeRefresh(reply, before, readText(target));
  const at = new Date().toISOString();
  switch (outcome.kind) {
    case 'refreshed':
      forgetFailure(paths, name);
      clearMarks(paths, name, ['needs-login']);
      appendEvent(paths, {
        at,
        type: 'refreshed',
        target: name,
        milliseconds: Date.now() - startedAt,
      });
      return;
    case 'refused':
      markLoggedOut(paths, name, REFUSED, new Date());
      appendEvent(paths, { at, type: 'needs-login', target: name, reason: REFUSED });
      return;
    case 'failed':
      noteFailure(paths, name);
      appendEvent(paths, { at, type: 'refresh-failed', target: name, reason: outcome.reason });
  }
}

const REFUSED = 'its refresh token was refused: it has expired, was revoked or was used elsewhere';

export type RefreshOutcome =
  | { kind: 'refreshed' }
  /** The refresh token is dead for good: only a new login helps. */
  | { kind: 'refused' }
  /** No network, or a server in trouble: it may work later. */
  | { kind: 'failed'; reason: string };

/**
 * Tells what came of a refresh. Codex does not say so itself: it answers `account/read` although the refresh has failed, and
 * tells of no account when the refresh token was refused for good (fact 95).
 * @param before the text of the vault's auth.json before the question.
 * @param after the same text after it.
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
 * The question that makes Codex refresh. In a token's last minutes the server refreshes it by itself when it starts, and
 * `refreshToken` would cost a second refresh (fact 94). Where the login may be revoked, `refreshToken` is set all the same:
 * with it, Codex does not answer before its own refresh has been refused.
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
  // Without jitter this is the widest margin. The session that started us may have had a narrower one.
  const rule = { marginSeconds: refreshMarginSeconds, jitter: 0 };
  return needsRefresh(renewal, { ...rule, nowSeconds: Date.now() / 1000 });
}

/** A foreign login in the vault is not renewed in the name of this account. */
function isOurs(paths: Paths, config: Config, { name }: Target): boolean {
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
