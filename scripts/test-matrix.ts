/**
 * Runs the real-Codex tests on several releases of Codex:
 *   npm run test:matrix -- 0.150.0 0.171.0 [file filters, default: test/e2e] [options for vitest]
 * Each release is installed from npm into .cache/codex/<version> once.
 */
import { installRelease, isVersion } from './codex-release.ts';
import { runEach } from './run-tests/run-each.ts';

runEach({
  script: 'test:matrix',
  label: 'codex',
  words: process.argv.slice(2),
  isVersion,
  defaultTests: ['test/e2e'],
  install: (version) => ({ env: { CODEX_UNDER_TEST: installRelease(version) } }),
});
