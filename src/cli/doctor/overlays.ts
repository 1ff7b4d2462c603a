import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listVaults, readTargets } from '../../accounts/target-snapshot.ts';
import { findEntryPolicy } from '../../codex/home-table.ts';
import { findSuspectedLogout } from '../../launch/suspect-logout.ts';
import { listSlots, type SlotListing, sweepSlots } from '../../overlay/sweep.ts';
import { type Config, EMPTY_CONFIG, readConfig } from '../../state/config.ts';
import { listNames } from '../../state/files.ts';
import { ownIdentity } from '../../state/process-identity.ts';
import { askAboutSuspects, type Context } from '../context.ts';
import { type Finding, type Fix, issue, note, ok } from './finding.ts';

/** The overlays: left behind by killed sessions, drifted from the shared home, without one. */
export function checkOverlays(context: Context): Finding[] {
  const slots = listSlots(context.paths);
  const stale = slots.filter(({ ownership }) => ownership.kind === 'orphaned');
  const sweep = sweepFix(context);
  const findings = [
    ...stale.map(({ home }) =>
      note(
        `${home} was left behind by a session that was killed; the next session takes it over, or run: codex-hotswap doctor --fix`,
        sweep,
      ),
    ),
    ...slots.flatMap((slot) => checkSlot(slot)),
  ];
  const owned = slots.filter(({ ownership }) => ownership.kind === 'owned').length;
  return [ok(`${slots.length} overlays, ${owned} in use`), ...findings];
}

/** One sweep mends all overlays, so the fix of each finding is the same. */
function sweepFix(context: Context): Fix {
  let isDone = false;
  return {
    done: 'what killed sessions left behind is where it belongs',
    async run() {
      if (isDone) return;
      isDone = true;
      const { paths, now } = context;
      const snapshots = readTargets(paths, configOf(context));
      const vaults = listVaults(snapshots);
      const options = { vaults, orphansDir: paths.orphansDir, now };
      for (const { slot, adoption, isLoggedOut } of await sweepSlots(
        paths,
        ownIdentity(),
        options,
      )) {
        const { pid = 0 } = slot.reclaimedFrom ?? {};
        const suspect = findSuspectedLogout(paths, pid, { isLoggedOut, auth: adoption.auth }, now);
        if (suspect !== undefined) await askAboutSuspects(context, configOf(context), [suspect]);
      }
    },
  };
}

function configOf({ paths }: Context): Config {
  return readConfig(paths) ?? EMPTY_CONFIG;
}

function checkSlot({ home, sharedHome, ownership }: SlotListing): Finding[] {
  if (!statSync(sharedHome, { throwIfNoEntry: false })?.isDirectory()) {
    return [
      issue(`${home} belongs to ${sharedHome}, which is gone; bring it back, or remove ${home}`),
    ];
  }
  const drifted = listNames(home).filter((name) => hasDrifted(join(home, name), name));
  if (drifted.length === 0) return [];
  const when =
    ownership.kind === 'owned'
      ? 'they are brought home when its session ends'
      : 'the next session in it brings them home';
  return [note(`${home} has files of its own where links belong (${drifted.join(', ')}); ${when}`)];
}

/** A link that was replaced by a file, or an entry that Codex made new. */
function hasDrifted(path: string, name: string): boolean {
  const policy = findEntryPolicy(name);
  if (policy !== 'link' && policy !== 'vault') return false;
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === false;
}
