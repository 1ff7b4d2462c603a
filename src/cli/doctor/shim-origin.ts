import { accessSync, constants, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { readObject } from '../../codex/json.ts';
import { attempt } from '../../state/attempt.ts';
import { readJson } from '../../state/files.ts';
import { LAUNCH_PROGRAM, VERSION } from '../../state/package-files.ts';
import { isCurrentShim, readShimPrograms } from '../set-up/shim-file.ts';

/** What a shim starts, where that is not just what this command would write into it. */
export interface ShimOrigin {
  /** For the user. */
  text: string;
  /** The shim works as the shim of this command would. */
  isFine: boolean;
}

/**
 * Compares what a shim starts with this command. A version manager (nvm, fnm, mise) has a Node and global packages of its own
 * for each version, so a command that runs under another Node may find a shim that starts the same package.
 * @returns undefined when this command would write the same shim.
 */
export function findOrigin(shim: string, env: NodeJS.ProcessEnv): ShimOrigin | undefined {
  const programs = readShimPrograms(shim);
  if (programs === undefined) {
    return wrong(`the shim ${shim} belongs to another installation of codex-hotswap`);
  }
  const { node, launch } = programs;
  if (!isExecutable(shim)) return wrong(`the shim ${shim} may not be executed`);
  if (realPath(launch) === undefined) {
    return wrong(`the shim ${shim} starts ${launch}, which is gone, so codex runs unsupervised`);
  }
  if (!isExecutable(node)) {
    return wrong(`the Node of the shim ${shim} is gone (${node}), so the shim takes that of PATH`);
  }
  if (realPath(launch) === realPath(LAUNCH_PROGRAM)) {
    if (!isCurrentShim(shim, env)) {
      return wrong(`the shim ${shim} was made by another version of codex-hotswap`);
    }
    if (realPath(node) === realPath(process.execPath)) return undefined; // by another path
    return fine(`the shim ${shim} runs with ${node}, and this command with ${process.execPath}`);
  }
  const version = readVersion(launch);
  const place = join(launch, '../../..');
  if (version === undefined) {
    return wrong(`the shim ${shim} belongs to another installation of codex-hotswap`);
  }
  return version === VERSION
    ? fine(`the shim ${shim} starts codex-hotswap ${version} in ${place}; this is the same version`)
    : wrong(`the shim ${shim} starts codex-hotswap ${version} in ${place}; this is ${VERSION}`);
}

const wrong = (text: string): ShimOrigin => ({ text, isFine: false });
const fine = (text: string): ShimOrigin => ({ text, isFine: true });

/** The version of the package of ours that has this program. */
function readVersion(launch: string): string | undefined {
  const read = readJson(join(launch, '../../../package.json'));
  const { name, version } = (read.kind === 'ok' && readObject(read.value)) || {};
  return name === 'codex-hotswap' && typeof version === 'string' ? version : undefined;
}

function realPath(path: string): string | undefined {
  return attempt(() => realpathSync(path));
}

function isExecutable(path: string): boolean {
  return attempt(() => accessSync(path, constants.X_OK) ?? true) ?? false;
}
