import { readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Paths } from '../state/paths.ts';
import { pointAuth } from './point-auth.ts';
import { listSlots } from './sweep.ts';

/** Whether a session may be working with this login now: an overlay somebody owns leads to it. */
export function isLoginInUse(paths: Pick<Paths, 'runtimeDir'>, authFile: string): boolean {
  return listSlots(paths).some(
    ({ home, ownership }) => ownership.kind === 'owned' && leadsTo(home, authFile),
  );
}

/** Lets the overlays in use that lead to a login follow it to its new place. */
export function repointOverlays(paths: Pick<Paths, 'runtimeDir'>, from: string, to: string): void {
  for (const { home, ownership } of listSlots(paths)) {
    if (ownership.kind === 'owned' && leadsTo(home, from)) pointAuth({ home }, to);
  }
}

function leadsTo(slotHome: string, authFile: string): boolean {
  const link = join(slotHome, 'auth.json');
  try {
    return resolve(dirname(link), readlinkSync(link)) === authFile;
  } catch {
    return false;
  }
}
