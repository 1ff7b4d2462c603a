import { fileURLToPath } from 'node:url';

/**
 * Files of our package that the code starts or copies. Each bundle in dist/ lies two levels below the package root, as
 * this file does, so that these addresses are right from both (scripts/build.mjs).
 */

/** The script that `codex` on the user's PATH is a copy of. */
export const SHIM_TEMPLATE = new URL('../../shim/codex', import.meta.url);
/** The script that stands between the pty and Codex. */
export const MONITOR = fileURLToPath(new URL('../../shim/monitor', import.meta.url));
/** What the shim starts for a supervised Codex. */
export const LAUNCH_PROGRAM = fileURLToPath(new URL('../../dist/bin/launch.js', import.meta.url));
/** The management command. */
export const MANAGEMENT_PROGRAM = fileURLToPath(
  new URL('../../dist/bin/codex-hotswap.js', import.meta.url),
);
/** What refreshes an access token beside a session. */
export const KEEPER_PROGRAM = fileURLToPath(new URL('../../dist/bin/keeper.js', import.meta.url));
/** Our programs. */
export const DIST = new URL('../../dist/', import.meta.url);
