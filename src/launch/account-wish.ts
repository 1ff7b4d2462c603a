import type { Allowance } from '../accounts/allowance.ts';
import { readCurrent } from '../accounts/current.ts';
import type { Paths } from '../state/paths.ts';
import type { WantedTarget } from './choose-account.ts';

/** The account that a launch asks for, and the accounts that it may use. */
export interface AccountWish {
  wanted?: WantedTarget | undefined;
  /** Undefined: all. */
  allowance?: Allowance | undefined;
}

/**
 * The account that a new session starts with. Undefined for a session that may use some accounts only: it starts with the first
 * of those, whatever account was chosen for sessions elsewhere.
 */
export function readStart(paths: Paths, { allowance }: AccountWish): string | undefined {
  return allowance === undefined ? readCurrent(paths).current : undefined;
}
