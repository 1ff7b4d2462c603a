import { tellAllowsOnly } from '../accounts/allowance.ts';
import type { Config } from '../state/config.ts';
import { shortenPath } from '../state/rules.ts';
import { allowanceIn } from './launch-allowance.ts';

/**
 * Why the account that works may not work in a directory, in the words for a client of app-server.
 * @param target the account. @param home of the user, for `~`. @returns undefined when no rule forbids it.
 */
export function tellForbidden(
  config: Config,
  directory: string,
  { target, home }: { target: string; home: string },
): string | undefined {
  const allowance = allowanceIn(config, directory, home);
  if (allowance === undefined || allowance.targets.includes(target)) return undefined;
  const here = shortenPath(directory, home);
  return `codex-hotswap: ${tellAllowsOnly(allowance)}, and this app-server works under ${target}; start an app-server in ${here} for the work there`;
}
