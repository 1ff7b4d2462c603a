/**
 * Runs tests on several releases of Node, the children of the tests included:
 *   npm run test:nodes -- 22 24 26 [file filters] [options for vitest]
 * Each release is installed from npm into .cache/node/<version> once.
 */
import { dirname } from 'node:path';
import { installNode, isNodeVersion } from './node-release.ts';
import { runEach } from './run-tests/run-each.ts';

runEach({
  script: 'test:nodes',
  label: 'node',
  words: process.argv.slice(2),
  isVersion: isNodeVersion,
  defaultTests: ['test/unit', 'test/package', 'test/pty', 'test/e2e/spine'],
  install(version) {
    const node = installNode(version);
    // A child started by name, such as `#!/usr/bin/env node`, is to be the same Node.
    return { node, env: { PATH: `${dirname(node)}:${process.env.PATH}` } };
  },
});
