// Codex keeps the prompts that are sent during a turn, and shows them above its composer (fact 84).

/** The title of that list on the screen. */
export const QUEUE_TITLE = 'Queued follow-up inputs';

/** Shift+Left takes the last prompt back into the composer, on each of five terminals tried. Alt+Up does the same. */
export const EDIT_LAST_QUEUED = '\u001b[1;2D';
