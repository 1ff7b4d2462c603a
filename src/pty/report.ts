/** What the monitor says (see shim/monitor), line by line. */
export type Report =
  | { kind: 'pid'; pid: number }
  | { kind: 'stopped' }
  | { kind: 'continued' }
  | { kind: 'exited'; code: number; interrupted: boolean }
  /** The shell's own words about a signal death: "Terminated", "Killed". */
  | { kind: 'narrated' };

/**
 * Reads the bytes of the report fifo in any chunking. Lines with another run's nonce and job notices ("[1] + Done")
 * are no news.
 */
export function createReportReader(nonce: string, onReport: (report: Report) => void) {
  let rest = '';
  return (chunk: Buffer): void => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    // Only the beginning of an unfinished line is kept: there our report stands, and a long line is copied with each chunk.
    rest = (lines.pop() ?? '').slice(0, MOST_CHARACTERS);
    for (const line of lines) {
      const report = parseReport(nonce, line);
      if (report !== undefined) onReport(report);
    }
  };
}

/** No report of ours is so long. */
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
