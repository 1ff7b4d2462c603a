/**
 * Runs the real-Codex tests on several releases of Codex:
 *   npm run test:matrix -- 0.150.0 0.171.0 [files, then options for vitest; default: test/e2e]
 * Each release is installed from npm into .cache/codex/<version> once.
 */
import { installRelease, isVersion } from './codex-release.ts';
import { runTests } from './run-tests/run.ts';
import { isGood, sumUp, tell, type Verdict } from './run-tests/verdict.ts';
import { writeVerdict } from './run-tests/verdict-file.ts';

const words = process.argv.slice(2);
const versions = words.filter(isVersion);
const rest = words.filter((word) => !isVersion(word));
if (versions.length === 0) {
  console.error('usage: npm run test:matrix -- <version>… [arguments for vitest]');
  process.exit(2);
}

const verdicts = versions.map((version) => testRelease(version));
writeVerdict(verdicts);
console.log('');
for (const [index, version] of versions.entries()) {
  const { passed, failed, flakes } = verdicts[index] as Verdict;
  const flaky = flakes.length > 0 ? `, ${flakes.length} flaky` : '';
  console.log(`codex ${version}: ${passed} passed, ${failed} failed${flaky}`);
}
const sum = sumUp(verdicts);
console.log(tell(sum));
process.exitCode = isGood(sum) && verdicts.every(isGood) ? 0 : 1;

function testRelease(version: string): Verdict {
  try {
    const launcher = installRelease(version);
    console.log(`\n=== codex ${version} ===`);
    const hasFilter = rest[0]?.startsWith('-') === false;
    const args = hasFilter ? rest : ['test/e2e', ...rest];
    return runTests(args, { CODEX_UNDER_TEST: launcher });
  } catch (error) {
    return { passed: 0, failed: 1, flakes: [], failures: [(error as Error).message] };
  }
}
