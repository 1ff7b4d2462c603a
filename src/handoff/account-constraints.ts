import { type Allowance, narrow, tellAllowsOnly } from '../accounts/allowance.ts';
import { HotswapError } from '../errors.ts';
import type { Config } from '../state/config.ts';

/** Which accounts Codex's configuration forbids. */
export interface AccountConstraints {
  /** The targets that Codex would log out. */
  disallowed: ReadonlySet<string>;
  /** The setting that forbids them, in one line for the user. */
  line?: string;
}

/** The accounts that the user allows. */
export interface SessionAllowance {
  /** What the session was started with. The session never leaves it. */
  own: Allowance | undefined;
  /** What the rule of a directory allows. Never throws. */
  ofDirectory(directory: string): Allowance | undefined;
}

/** The targets that the user's rules allow, and that Codex's configuration allowed when it was read last. */
export interface AllowedAccounts {
  isAllowed(target: string): boolean;
  /** The user's rules for the directory that was read last. Undefined when they allow all accounts. */
  allowance(): Allowance | undefined;
  /** The setting that forbids some accounts. Undefined when all are allowed. */
  reason(): string | undefined;
  /** Reads Codex's configuration again. Never throws. @param directory where the thread works. */
  reread(directory: string | undefined): Promise<void>;
  /** @throws HotswapError `forced-login` when Codex would log the target out. */
  assertAllowed(target: string): void;
  /** @throws HotswapError `not-allowed` when the user's rules do not allow the target. */
  assertInRule(target: string): void;
}

/**
 * A `git pull` may bring a setting that makes Codex log accounts out, so the configuration is read again before each choice.
 * @param first the constraints when the session began.
 * @param read throws a HotswapError when Codex would work with none of the accounts.
 * @param user the user's own rules: that of the directory of the thread narrows those of the session.
 */
export function createAllowedAccounts(
  config: Pick<Config, 'targets'>,
  first: AccountConstraints | undefined,
  read: ((directory: string | undefined) => Promise<AccountConstraints>) | undefined,
  user?: SessionAllowance,
): AllowedAccounts {
  let allowance = user?.own;
  let disallowed: ReadonlySet<string> = new Set();
  let cause: HotswapError | undefined;
  if (first !== undefined) use(first);

  function use({ disallowed: found, line }: AccountConstraints): void {
    disallowed = found;
    cause = line === undefined ? undefined : new HotswapError('forced-login', line, '');
  }

  const isInRule = (target: string) => allowance?.targets.includes(target) ?? true;

  return {
    isAllowed: (target) => !disallowed.has(target) && isInRule(target),
    allowance: () => allowance,
    reason: () => cause?.message,
    async reread(directory) {
      const ofThread = directory === undefined ? undefined : user?.ofDirectory(directory);
      allowance = narrow(user?.own, ofThread);
      try {
        if (read !== undefined) use(await read(directory));
      } catch (error) {
        if (!(error instanceof HotswapError)) return; // Codex itself reports a configuration that it cannot read
        disallowed = new Set(config.targets.map(({ name }) => name));
        cause = error;
      }
    },
    assertAllowed(target) {
      if (!disallowed.has(target)) return;
      const { message = `Codex would log ${target} out`, advice = '' } = cause ?? {};
      throw new HotswapError('forced-login', message, advice);
    },
    assertInRule(target) {
      if (allowance === undefined || isInRule(target)) return;
      const stays = 'the session stays under its account';
      throw new HotswapError('not-allowed', tellAllowsOnly(allowance), stays);
    },
  };
}
