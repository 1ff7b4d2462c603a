import { join } from 'node:path';

/**
 * Files of our package that the code starts or copies. Each bundle in dist/ lies two levels below the package root, as
 * this file does, so that these addresses are right from both (scripts/build.mjs).
 */

/** The script that `codex` on the user's PATH is a copy of. */
export const SHIM_TEMPLATE = join(import.meta.dirname, '../../shim/codex');
/** The script that stands between the pty and Codex. */
export const MONITOR = join(import.meta.dirname, '../../shim/monitor');
/** What the shim starts for a supervised Codex. */
export const LAUNCH_PROGRAM = join(import.meta.dirname, '../../dist/bin/launch.js');
/** The management command. */
export const MANAGEMENT_PROGRAM = join(import.meta.dirname, '../../dist/bin/codex-hotswap.js');
/** What refreshes an access token beside a session. */
export const KEEPER_PROGRAM = join(import.meta.dirname, '../../dist/bin/keeper.js');
/** Our programs. */
export const DIST = join(import.meta.dirname, '../../dist');
