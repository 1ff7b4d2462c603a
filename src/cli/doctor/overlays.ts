import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listVaults, readTargets } from '../../accounts/target-snapshot.ts';
import { findEntryPolicy } from '../../codex/home-table.ts';
import { findSuspectedLogout } from '../../launch/suspect-logout.ts';
import { listSlots, type SlotListing, sweepSlots } from '../../overlay/sweep.ts';
import { EMPTY_CONFIG, readConfig } from '../../state/config.ts';
import { listNames } from '../../state/files.ts';
import { ownIdentity } from '../../state/process-identity.ts';
import { askAboutSuspects, type Context } from '../context.ts';
import { type Finding, type Fix, issue, listFindings, note, ok } from './finding.ts';

/** Finds overlays of killed sessions, overlays with files where links belong, and overlays whose shared home is gone. */
export function checkOverlays(context: Context): Finding[] {
  const slots = listSlots(context.paths);
  const orphaned = slots.filter(({ ownership }) => ownership.kind === 'orphaned');
  const owned = slots.filter(({ ownership }) => ownership.kind === 'owned');
  const sweep = sweepFix(context);
  return listFindings([
    ok(`${slots.length} overlays, ${owned.length} in use`),
    ...orphaned.map(({ home }) =>
      note(
        `${home} was left behind by a session that was killed; the next session takes it over, or run: codex-hotswap doctor --fix`,
        sweep,
      ),
    ),
    ...slots.map(checkSlot),
  ]);
}

/** One sweep mends all overlays, so the fix of each finding is the same. */
function sweepFix(context: Context): Fix {
  let isDone = false;
  return {
    done: 'the files that killed sessions left behind are back in their places',
    async run() {
      if (isDone) return;
      isDone = true;
      const { paths, now } = context;
      const config = readConfig(paths) ?? EMPTY_CONFIG;
      const vaults = listVaults(readTargets(paths, config));
      const options = { vaults, orphansDir: paths.orphansDir, now };
      const swept = await sweepSlots(paths, ownIdentity(), options);
      for (const { slot, adoption, isLoggedOut } of swept) {
        const { pid = 0 } = slot.reclaimedFrom ?? {};
        const suspect = findSuspectedLogout(paths, pid, { isLoggedOut, auth: adoption.auth }, now);
        if (suspect !== undefined) await askAboutSuspects(context, config, [suspect]);
      }
    },
  };
}

function checkSlot({ home, sharedHome, ownership }: SlotListing): Finding | undefined {
  if (!statSync(sharedHome, { throwIfNoEntry: false })?.isDirectory()) {
    return issue(
      `${home} belongs to ${sharedHome}, which is gone; bring that directory back, or remove ${home}`,
    );
  }
  const drifted = listNames(home).filter((name) => hasDrifted(join(home, name), name));
  if (drifted.length === 0) return undefined;
  const when = ownership.kind === 'owned' ? 'the end of its session' : 'the next session in it';
  return note(
    `${home} has files of its own where links belong (${drifted.join(', ')}); ${when} moves them to where they belong`,
  );
}

/** A link that was replaced by a file, or an entry that Codex made new. */
function hasDrifted(path: string, name: string): boolean {
  const policy = findEntryPolicy(name);
  if (policy !== 'link' && policy !== 'vault') return false;
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === false;
}
