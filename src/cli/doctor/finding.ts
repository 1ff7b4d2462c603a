/** One thing `doctor` looked at. An issue says what to do about it; a note is worth knowing but no fault. */
export interface Finding {
  level: 'ok' | 'note' | 'issue';
  text: string;
  fix?: Fix;
}

/** What `doctor --fix` may do without asking: nothing is lost by it. */
export interface Fix {
  /** In the past tense, as it is told afterwards. */
  done: string;
  run(): void | Promise<void>;
}

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const note = (text: string, fix?: Fix): Finding => finding('note', text, fix);
export const issue = (text: string, fix?: Fix): Finding => finding('issue', text, fix);

function finding(level: Finding['level'], text: string, fix: Fix | undefined): Finding {
  return { level, text, ...(fix === undefined ? {} : { fix }) };
}
