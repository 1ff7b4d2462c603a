// sum-results.mjs <failed steps> <vitest report>…: prints what failed, each with its message (who reads a log from its end
// sees no more than that), and "N passed, N failed" as its last line; exit status 1 if any failed.
import { readFileSync } from 'node:fs';

const [failedSteps, ...reports] = process.argv.slice(2);
let passed = 0;
let failed = Number(failedSteps);

for (const file of reports) {
  const report = read(file);
  if (report === undefined) {
    console.log(`no report: ${file}`);
    failed += 1;
    continue;
  }
  // A file that cannot even be loaded has no tests to count.
  const unloadable = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  printFailures(file, report, unloadable);
  const broken = report.numFailedTests + unloadable.length;
  passed += report.numPassedTests;
  // Errors outside of any test make a run fail without a failed test.
  failed += broken === 0 && !report.success ? 1 : broken;
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function printFailures(file, report, unloadable) {
  for (const { name, message } of unloadable) {
    printFailure(file, name, message);
  }
  for (const { name, assertionResults } of report.testResults) {
    for (const { status, fullName, failureMessages } of assertionResults) {
      if (status === 'failed') {
        printFailure(file, `${name}: ${fullName}`, failureMessages.join('\n'));
      }
    }
  }
}

function printFailure(file, what, message) {
  const most = 6000;
  console.log(`\n== FAILED (${file}): ${what}\n${message.slice(0, most)}`);
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
