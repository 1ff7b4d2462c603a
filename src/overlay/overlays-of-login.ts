import { join } from 'node:path';
import { readLinkTarget } from '../accounts/credential/swap-link.ts';
import type { Paths } from '../state/paths.ts';
import { pointAuth } from './point-auth.ts';
import { listSlots } from './sweep.ts';

/** Whether a session may use this login now: an overlay in use leads to it. */
export function isLoginInUse(paths: Pick<Paths, 'runtimeDir'>, authFile: string): boolean {
  return listOverlaysOf(paths, authFile).length > 0;
}

/** Changes the links of the overlays in use after a login has moved. */
export function repointOverlays(paths: Pick<Paths, 'runtimeDir'>, from: string, to: string): void {
  for (const overlay of listOverlaysOf(paths, from)) pointAuth(overlay, to);
}

function listOverlaysOf(paths: Pick<Paths, 'runtimeDir'>, authFile: string): { home: string }[] {
  return listSlots(paths).filter(
    ({ home, ownership }) =>
      ownership.kind === 'owned' && readLinkTarget(join(home, 'auth.json')) === authFile,
  );
}
