import { type Allowance, ofAllowed, tellAllows } from '../accounts/allowance.ts';
import { chooseTarget } from '../accounts/choice.ts';
import { describeIdentity, type Identity } from '../accounts/login.ts';
import { holdsForeignLogin, ownerOf } from '../accounts/owner.ts';
import type { TargetSnapshot } from '../accounts/target-snapshot.ts';
import { HotswapError } from '../errors.ts';
import { tellNoneUsable } from '../handoff/messages.ts';
import { describeTime } from '../local-time.ts';
import type { Strategy } from '../state/config.ts';

/** The account that a launch asks for. `only`: no other account. `preferred`: another one when this cannot be used now. */
export interface WantedTarget {
  kind: 'only' | 'preferred';
  target: string;
}

export interface ChosenAccount {
  target: string;
  authFile: string;
  identity: Identity;
  /** For the user: the problem of this account, or the reason why another account was not chosen. */
  notice?: string;
  /** Why this account cannot work now. It is started all the same, so that Codex shows its limit. */
  atLimit?: string;
}

export interface AccountQuestion {
  targets: readonly TargetSnapshot[];
  wanted?: WantedTarget | undefined;
  /** The accounts that the user allows. The others among the targets are switched off. Undefined: all. */
  allowance?: Allowance | undefined;
  /** The target that new sessions start with. */
  current: string | undefined;
  strategy: Strategy;
  now: Date;
}

/**
 * Chooses the account of a new session: the wanted one, else the current one or the next usable one.
 * @throws HotswapError `no-usable-target` when no account can be used, or not the one that must be used; `unknown-target`;
 * `not-allowed` when it would spend credits against the user's setting.
 */
export function chooseAccount(question: AccountQuestion): ChosenAccount {
  const { targets, wanted, now } = question;
  if (wanted?.kind === 'only') return chooseOnly(targets, wanted.target, now);
  return chooseUsable(question);
}

/** The account that the user has named. At its limit it is used all the same: Codex shows the limit. It needs its own login. */
function chooseOnly(targets: readonly TargetSnapshot[], name: string, now: Date): ChosenAccount {
  const found = targets.find(({ target }) => target.name === name);
  if (found === undefined) {
    throw new HotswapError(
      'unknown-target',
      `there is no account called ${JSON.stringify(name)}`,
      `you have: ${targets.map(({ target }) => target.name).join(', ')}`,
    );
  }
  const { vault, target } = found;
  if (vault.kind !== 'ready') {
    throw new HotswapError(
      'no-usable-target',
      `${name} cannot be used: ${vault.kind === 'empty' ? 'it is not logged in' : vault.reason}`,
      `log in with: codex-hotswap login ${name}`,
    );
  }
  const owner = ownerOf(found);
  if (owner !== undefined && holdsForeignLogin(found)) {
    throw new HotswapError(
      'no-usable-target',
      `${name} now has the login of ${describeIdentity(vault.identity)}, not of ${describeIdentity(owner)}`,
      `to make that the account of ${name}: codex-hotswap login ${name} --replace-account --move`,
    );
  }
  const reason = findObstacle({ ...found, target: { ...target, enabled: true } }, now);
  const atLimit = reason && `${name}: ${reason}`;
  return { ...toChosen(name, vault, atLimit), ...(atLimit && { atLimit }) };
}

function chooseUsable({ targets, wanted, strategy, now, ...rest }: AccountQuestion): ChosenAccount {
  const current = wanted?.target ?? rest.current;
  const choice = chooseTarget({
    targets,
    current,
    strategy: wanted === undefined ? strategy : 'order',
    nowSeconds: secondsOf(now),
  });
  if (choice.kind === 'none') {
    return chooseAtLimit({ targets, current, now, allowance: rest.allowance }, choice);
  }
  const { name } = choice.target;
  const passed = find(targets, current) ?? targets[0];
  // There is no line about an account at its limit. About a login that cannot be used there is one: the user must repair it.
  const isSpoilt = passed?.target.enabled === true && /^(broken|unsafe)$/.test(passed.vault.kind);
  const isTold = passed && passed.target.name !== name && (isSpoilt || wanted !== undefined);
  if (!isTold) return toChosen(name, choice);
  const reason = findObstacle(passed, now) ?? 'cannot be used now';
  const doing = wanted === undefined ? 'this session works' : 'resuming';
  return toChosen(name, choice, `${passed.target.name}: ${reason}; ${doing} under ${name}`);
}

/** All accounts are at their limit. Codex runs and shows the limit; our marks may be wrong about its end. */
function chooseAtLimit(
  { targets, current, now, allowance }: Omit<AccountQuestion, 'wanted' | 'strategy'>,
  { earliest, ...choice }: Extract<ReturnType<typeof chooseTarget>, { kind: 'none' }>,
): ChosenAccount {
  const reasons = ofAllowed(choice.reasons, allowance);
  const allowedBy = allowance && tellAllows(allowance);
  const isUsable = (one: TargetSnapshot) => one.target.enabled && !holdsForeignLogin(one);
  // Codex would show no limit there, but spend credits.
  const spends = new Set(
    choice.reasons.flatMap(({ target, standing }) =>
      standing.kind === 'resting' && standing.spends ? [target] : [],
    ),
  );
  const all = [find(targets, earliest?.target), find(targets, current), ...targets].flatMap(
    (one) => (one?.vault.kind === 'ready' && isUsable(one) ? [{ ...one, vault: one.vault }] : []),
  );
  const fallback = all.find(({ target }) => !spends.has(target.name));
  const paid = all[0]?.target.name;
  if (fallback === undefined && paid !== undefined) {
    throw new HotswapError(
      'not-allowed',
      `only credits would pay for a session (${paid}: its included usage is used up, and it is set to spend no credits)`,
      `to spend them all the same: codex-hotswap launch ${paid}`,
    );
  }
  if (fallback === undefined) {
    const why = reasons.map(({ target, standing }) => `${target}: ${standing.evidence}`).join('; ');
    const [advice] = reasons.flatMap(({ standing }) =>
      standing.kind === 'unusable' && standing.advice !== undefined ? [standing.advice] : [],
    );
    throw new HotswapError(
      'no-usable-target',
      targets.length === 0
        ? 'no account is set up'
        : `no account${allowedBy === undefined ? '' : ` that ${allowedBy}`} can be used (${why})`,
      targets.length === 0
        ? 'run: codex-hotswap setup'
        : `run: ${advice ?? 'codex-hotswap status'}`,
    );
  }
  const { name } = fallback.target;
  const back =
    earliest && `; first back: ${earliest.target} at ${describeTime(earliest.until, now)}`;
  const atLimit = `${tellNoneUsable(reasons, allowedBy)}${back ?? ''}`;
  return { ...toChosen(name, fallback.vault, `${atLimit}; starting under ${name}`), atLimit };
}

function toChosen(
  target: string,
  { authFile, identity }: Omit<ChosenAccount, 'target' | 'notice'>,
  notice?: string,
): ChosenAccount {
  return { target, authFile, identity, ...(notice && { notice }) };
}

/** The reason why this account alone would not be chosen now. */
function findObstacle(one: TargetSnapshot, now: Date): string | undefined {
  const choice = chooseTarget({ targets: [one], nowSeconds: secondsOf(now) });
  return choice.kind === 'none' ? choice.reasons[0]?.standing.evidence : undefined;
}

function find(targets: readonly TargetSnapshot[], name: string | undefined) {
  return targets.find(({ target }) => target.name === name);
}

function secondsOf(now: Date): number {
  return Math.floor(now.getTime() / 1000);
}
