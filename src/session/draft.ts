/** The prompt that stands unsent in the composer, as the keys that wrote it. */
export interface Draft {
  note(keys: Buffer): void;
  /** The keys to be typed again for the successor, empty when there is no prompt or none we dare to repeat. */
  take(): Buffer;
  isEmpty(): boolean;
}

/**
 * Keeps the keys since the last Enter. Only text, pastes and line editing are repeated: Escape would interrupt the
 * successor's turn, arrows up and down would walk another history. A word shorter than three keys is more likely
 * the answer to a dialog ("y") than a prompt.
 */
export function createDraft(): Draft {
  let keys = '';
  return {
    note(bytes) {
      if (bytes.length === 0) return;
      keys = afterLastSubmit(keys + bytes.toString('latin1').replace(RELEASES, ''));
      if (keys.length > LIMIT) keys = POISON;
    },
    isEmpty: () => keys === '',
    take() {
      const draft = REPEATABLE.test(keys) && keys.length >= 3 ? keys : '';
      keys = '';
      return Buffer.from(draft, 'latin1');
    },
  };
}

/** Whether a key was pressed, not only one let go, as that of the Enter before. */
export function hasPress(keys: Buffer): boolean {
  return keys.toString('latin1').replace(RELEASES, '') !== '';
}

/** Longer than this is not typed again by us, nor kept in memory. */
const LIMIT = 64 * 1024;
/** Makes all keys up to the next Enter unrepeatable. */
const POISON = '\u001b';

const PASTE_START = '\u001b[200~';
const PASTE_END = '\u001b[201~';

/** Keys let go, which kitty and others report (facts 7). */
const RELEASES = /\u001b\[[0-9;]*:3[A-Za-z~]/g;

/** Enter, as a byte or as a kitty key; Ctrl-C, which empties the composer. */
const SUBMIT = /\r|\u0003|\u001b\[13(?:;[0-9:]*)?u|\u001b\[99;5(?::[0-9]+)?u/;

/** Text, pastes, backspace, delete, left, right, home, end, and the readline keys a b d e f k u w. */
const REPEATABLE =
  /^(?:\u001b\[200~[\s\S]*?\u001b\[201~|[\u0020-\u007f\u0080-\u00ff]|[\u0001\u0002\u0004\u0005\u0006\u000b\u0015\u0017]|\u001b\[[CDHF]|\u001b\[3~)*$/;

// An Enter inside a bracketed paste is a line break of the prompt, not the end of it.
function afterLastSubmit(keys: string): string {
  let rest = keys;
  let kept = '';
  for (;;) {
    const paste = rest.indexOf(PASTE_START);
    const typed = paste < 0 ? rest : rest.slice(0, paste);
    const submit = SUBMIT.exec(typed);
    if (submit !== null) {
      rest = rest.slice(submit.index + submit[0].length);
      kept = '';
      continue;
    }
    const end = paste < 0 ? -1 : rest.indexOf(PASTE_END, paste);
    if (end < 0) return kept + rest;
    kept += rest.slice(0, end + PASTE_END.length);
    rest = rest.slice(end + PASTE_END.length);
  }
}
