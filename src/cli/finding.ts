/** One thing `doctor` looked at. An issue says what to do about it; a note is worth knowing but no fault. */
export interface Finding {
  level: 'ok' | 'note' | 'issue';
  text: string;
}

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const note = (text: string): Finding => ({ level: 'note', text });
export const issue = (text: string): Finding => ({ level: 'issue', text });
