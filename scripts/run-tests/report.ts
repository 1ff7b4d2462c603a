import { readFileSync } from 'node:fs';

/** The results of one run of vitest, file by file. */
export interface Report {
  files: FileReport[];
  /** Something failed outside of every test, such as a rejected promise without a handler. */
  hasStrayError: boolean;
}

export interface FileReport {
  /** Absolute path. */
  file: string;
  passed: number;
  failures: Failure[];
}

export interface Failure {
  /** The full name of the test; undefined when the file could not be loaded. */
  test?: string;
  message: string;
}

/** The part of vitest's JSON report that is read here. */
interface VitestReport {
  success: boolean;
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { status: string; fullName: string; failureMessages?: string[] }[];
  }[];
}

/**
 * Reads the report that vitest's JSON reporter wrote.
 * @returns undefined when it is missing, or when vitest was ended while it wrote it.
 */
export function readReport(file: string): Report | undefined {
  try {
    return parseReport(JSON.parse(readFileSync(file, 'utf8')) as VitestReport);
  } catch {
    return undefined;
  }
}

function parseReport({ success, testResults }: VitestReport): Report {
  const files = testResults.map((result) => parseFile(result));
  const hasFailures = files.some(({ failures }) => failures.length > 0);
  return { files, hasStrayError: !success && !hasFailures };
}

function parseFile({
  name,
  status,
  message = '',
  assertionResults,
}: VitestReport['testResults'][number]): FileReport {
  const failures: Failure[] = assertionResults
    .filter((test) => test.status === 'failed')
    .map(({ fullName, failureMessages = [] }) => ({
      test: fullName,
      message: failureMessages.join('\n'),
    }));
  // A file that cannot be loaded, or whose `beforeAll` failed, has no failed test.
  if (status === 'failed' && failures.length === 0) failures.push({ message });
  const passed = assertionResults.filter((test) => test.status === 'passed').length;
  return { file: name, passed, failures };
}
