import { toPlainText } from '../../plain-text.ts';
import { createTitleWriter } from '../../terminal/titles.ts';

/** `account`: the account stands behind Codex's own title. `plain`: Codex's titles are left as they are. */
export type TitleSetting = 'account' | 'plain';

/** The title of the terminal's window: Codex's own title, the account, and what the user has to know. */
export interface WindowTitle {
  /**
   * @param cleared called when the child has set an empty title, as Codex does at its end.
   * @returns what gets the output of a new child, and returns it with our part behind each title.
   */
  followChild(cleared: () => void): (piece: Buffer) => Buffer;
  /** A title with the account is in the window, or none is wanted there. */
  isShown(): boolean;
  /** Keeps the text behind the account, such as "every account is at its limit"; '' for none. */
  setNote(note: string): void;
  /** The sequence that shows the title as it is now; '' when no title is to be shown. */
  show(): string;
  /** The sequence that clears a title that the last child has not cleared itself; '' when nothing is to be cleared. */
  clear(): string;
}

/** @param account the account that the child runs under. */
export function createWindowTitle(setting: TitleSetting, account: () => string): WindowTitle {
  let childs = '';
  let note = '';
  let isShown = false;

  const suffix = () => ` · ${account()}${note === '' ? '' : ` · ${note}`}`;

  if (setting === 'plain') {
    return {
      followChild: () => (piece) => piece,
      isShown: () => true,
      setNote(text) {
        note = text;
      },
      show: () => (note === '' ? '' : sequenceOf(`codex: ${note}`)),
      clear: () => '',
    };
  }
  return {
    followChild(cleared) {
      return createTitleWriter({
        suffix,
        seen(title) {
          childs = title;
          isShown = title !== '';
          if (!isShown) cleared();
        },
      }).addSuffix;
    },
    isShown: () => isShown,
    setNote(text) {
      note = text;
    },
    show() {
      isShown = true;
      return sequenceOf((childs || 'codex') + suffix());
    },
    clear() {
      // Codex ends with an empty title (fact 120). A Codex that was killed leaves its title, and one without titles leaves ours.
      const wasShown = isShown;
      isShown = false;
      return wasShown ? sequenceOf('') : '';
    },
  };
}

/** The sequence that sets the title. No character of the text can end the sequence. */
function sequenceOf(text: string): string {
  return `\u001b]0;${toPlainText(text, LONGEST_TITLE)}\u001b\\`;
}

const LONGEST_TITLE = 250;
