/** A line of the monitor (see shim/monitor). */
export type Report =
  | { kind: 'pid'; pid: number }
  | { kind: 'stopped' }
  | { kind: 'continued' }
  | { kind: 'exited'; code: number; interrupted: boolean }
  /** The shell's own line about a deadly signal: "Terminated", "Killed". */
  | { kind: 'narrated' };

/**
 * Reads the bytes of the report fifo, however they are cut into chunks. Lines with the nonce of another run and job notices
 * ("[1] + Done") are skipped.
 */
export function createReportReader(nonce: string, onReport: (report: Report) => void) {
  let rest = '';
  return (chunk: Buffer): void => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    // Only the beginning of an unfinished line is kept: a report stands there, and each chunk would copy a long line again.
    rest = (lines.pop() ?? '').slice(0, MOST_CHARACTERS);
    for (const line of lines) {
      const report = parseReport(nonce, line);
      if (report !== undefined) onReport(report);
    }
  };
}

/** The monitor's reports are shorter. */
const MOST_CHARACTERS = 4096;

function parseReport(nonce: string, line: string): Report | undefined {
  const [tag, verb, value, flag] = line.split(' ');
  if (tag !== nonce) {
    return /^[0-9a-f]{16} |^\[\d+\]|^\s*$/.test(line) ? undefined : { kind: 'narrated' };
  }
  switch (verb) {
    case 'pid':
      return { kind: 'pid', pid: Number(value) };
    case 'stopped':
    case 'continued':
      return { kind: verb };
    case 'exited':
      return { kind: 'exited', code: Number(value), interrupted: flag === '1' };
    default:
      return undefined;
  }
}
