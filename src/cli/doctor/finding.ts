/** One result of `doctor`. An issue says what the user can do; a note is no fault. */
export interface Finding {
  severity: 'ok' | 'note' | 'issue';
  text: string;
  fix?: Fix | undefined;
}

/** A repair that `doctor --fix` makes without a question, because it loses nothing. */
export interface Fix {
  /** A sentence for the time after the repair. */
  done: string;
  run(): void | Promise<void>;
}

export const ok = (text: string): Finding => ({ severity: 'ok', text });
export const note = (text: string, fix?: Fix): Finding => ({ severity: 'note', text, fix });
export const issue = (text: string, fix?: Fix): Finding => ({ severity: 'issue', text, fix });

export function formatFinding({ severity, text }: Finding): string {
  return `${severity.padEnd(5)}  ${text}`;
}

/** The findings, without the checks that have nothing to say. */
export function listFindings(found: readonly (Finding | undefined)[]): Finding[] {
  return found.filter((finding) => finding !== undefined);
}
