import type { Context } from '../context.ts';
import { checkAccounts } from './accounts.ts';
import { checkCodexHome } from './codex-home.ts';
import { checkEnvironment } from './environment.ts';
import type { Finding } from './finding.ts';
import { checkInstallation } from './installation.ts';
import { checkOverlays } from './overlays.ts';
import { checkRules } from './rules.ts';
import { checkStorage } from './storage.ts';

/** The checks of `doctor`, in this order. */
export const AREAS = [
  ['installation', checkInstallation],
  ['storage', checkStorage],
  ['codex', checkCodexHome],
  ['environment', ({ env }: Context) => checkEnvironment(env)],
  ['accounts', checkAccounts],
  ['rules', checkRules],
  ['overlays', checkOverlays],
] as const satisfies [string, (context: Context) => Finding[] | Promise<Finding[]>][];

export type AreaFinding = Finding & { area: (typeof AREAS)[number][0] };

/** Runs all checks. */
export async function examine(context: Context): Promise<AreaFinding[]> {
  const found: AreaFinding[] = [];
  for (const [area, check] of AREAS) {
    for (const finding of await check(context)) found.push({ area, ...finding });
  }
  return found;
}
