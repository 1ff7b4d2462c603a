import type { Config } from '../state/config.ts';
import type { Paths } from '../state/paths.ts';
import { findUnknownLogin, tellImport } from './home-login.ts';

/**
 * For a session in a home whose own login is of an unknown account.
 * @param reconciled has the lines that the user has read already.
 * @returns a line for the user; undefined when there is no such login, and when a line has already named it.
 */
export function tellUnknownLogin(
  paths: Paths,
  reconciled: { config: Config; lines: readonly string[] },
  target: string,
): string | undefined {
  const who = findUnknownLogin(paths, reconciled.config);
  if (who === undefined || reconciled.lines.some((line) => line.includes(who))) return undefined;
  return `the real Codex is logged in as ${who}, which is none of your accounts here; this session works under ${target}; ${tellImport(paths)}`;
}
