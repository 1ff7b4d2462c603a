/** One result of `doctor`. An issue says what the user can do; a note is no fault. */
export interface Finding {
  level: 'ok' | 'note' | 'issue';
  text: string;
  fix?: Fix;
}

/** A repair that `doctor --fix` makes without a question, because it loses nothing. */
export interface Fix {
  /** A sentence for the time after the repair. */
  done: string;
  run(): void | Promise<void>;
}

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const note = (text: string, fix?: Fix): Finding => finding('note', text, fix);
export const issue = (text: string, fix?: Fix): Finding => finding('issue', text, fix);

function finding(level: Finding['level'], text: string, fix: Fix | undefined): Finding {
  return { level, text, ...(fix === undefined ? {} : { fix }) };
}
