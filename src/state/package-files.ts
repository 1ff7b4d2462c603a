import { join } from 'node:path';

/**
 * Files of our package that the code starts or copies. Each bundle in dist/ lies two levels below the package root, as this
 * source file does, so these paths are right in both (scripts/build.mjs).
 */

/** `codex` on the user's PATH is a copy of this script. */
export const SHIM_TEMPLATE = join(import.meta.dirname, '../../shim/codex');
/** The script between the pty and Codex. */
export const MONITOR = join(import.meta.dirname, '../../shim/monitor');
/** The shim starts this program for a supervised Codex. */
export const LAUNCH_PROGRAM = join(import.meta.dirname, '../../dist/bin/launch.js');
/** The management command. */
export const MANAGEMENT_PROGRAM = join(import.meta.dirname, '../../dist/bin/codex-hotswap.js');
/** The program that refreshes an access token while a session runs. */
export const KEEPER_PROGRAM = join(import.meta.dirname, '../../dist/bin/keeper.js');
/** Our programs. */
export const DIST = join(import.meta.dirname, '../../dist');

/** The build puts the version of the package here. */
export const VERSION = process.env.CODEX_HOTSWAP_VERSION ?? 'development';
