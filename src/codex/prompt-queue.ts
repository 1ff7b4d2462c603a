// The prompts that Codex takes and keeps until it may begin a turn, which it shows over its composer (fact 84).

/** The title of that list on the screen. */
export const QUEUED = 'Queued follow-up inputs';

/** Shift+Left takes the last one back into the composer, whatever the terminal (tried as five; Alt+Up does the same). */
export const EDIT_LAST_QUEUED = '\u001b[1;2D';
