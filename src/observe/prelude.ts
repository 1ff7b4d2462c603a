/** What a program writes before it draws: it sets modes, and asks the terminal what it is. */
export interface PreludeReader {
  feed(chunk: Buffer): PreludePart;
  /** The bytes of a sequence that has not ended. They are not in any part. */
  rest(): Buffer;
}

export interface PreludePart {
  /** Questions to the terminal. The program waits for the answers. */
  questions: Buffer;
  /** What sets modes. When the prelude ends, every byte from its end on as well. */
  settings: Buffer;
  /** How the prelude has ended: the program enters the alternate screen, or draws where it is. */
  end: 'enters' | 'draws' | undefined;
}

/** Reads the beginning of a program's output. The result does not depend on where the chunks are cut. */
export function createPreludeReader(): PreludeReader {
  let rest = '';
  return {
    feed(chunk) {
      const text = rest + chunk.toString('latin1');
      const part = { questions: '', settings: '' };
      let end: PreludePart['end'];
      let at = 0;
      while (at < text.length && end === undefined) {
        const token = matchAt(SEQUENCE, text, at);
        if (token === undefined) {
          if (text.length - at > MOST_REST || matchAt(UNFINISHED, text, at) === undefined) {
            end = 'draws';
          }
          break;
        }
        if (ENTERS.test(token)) end = 'enters';
        else if (!SETTING.test(token) && !QUESTION.test(token)) end = 'draws';
        else {
          part[QUESTION.test(token) ? 'questions' : 'settings'] += token;
          at += token.length;
        }
      }
      rest = end === undefined ? text.slice(at) : '';
      if (end !== undefined) part.settings += text.slice(at);
      return { questions: bytesOf(part.questions), settings: bytesOf(part.settings), end };
    },
    rest: () => bytesOf(rest),
  };
}

const ESC = '\u001b';
const STRING_END = `(?:\\u0007|${ESC}\\\\)`;
/** In a tmux passthrough each ESC is doubled. */
const STRING = `(?:[^\\u0007${ESC}]|${ESC}${ESC})*`;
const PASSTHROUGH = `(?:[^${ESC}]|${ESC}${ESC})*`;

const SEQUENCE = new RegExp(
  [
    `${ESC}\\[[0-?]*[ -/]*[@-~]`,
    `${ESC}\\]${STRING}${STRING_END}`,
    `${ESC}[P_^X]${PASSTHROUGH}${ESC}\\\\`,
    `${ESC}[ -/]*(?![\\[\\]P_^X])[0-~]`,
  ].join('|'),
  'y',
);
/** The beginning of a sequence, up to the end of the text. */
const UNFINISHED = new RegExp(
  [
    `${ESC}\\[[0-?]*[ -/]*$`,
    `${ESC}\\]${STRING}${ESC}?$`,
    `${ESC}[P_^X]${PASSTHROUGH}${ESC}?$`,
    `${ESC}[ -/]*$`,
  ].join('|'),
  'y',
);
const MOST_REST = 4096;

const ENTERS = new RegExp(`^${ESC}\\[\\?(?:[0-9;]*;)?(?:47|1047|1049)(?:;[0-9;]*)?h$`);
const QUESTION = new RegExp(
  [
    // Attributes, reports, sizes, the kitty protocol's flags, the terminal's version, a mode.
    `^${ESC}\\[(?:[0-?]*[cn]|[0-9;]+t|\\?u|>[0-9]*q|\\??[0-9;]*\\$p)$`,
    // Colours, and graphics.
    `^${ESC}\\][0-9;]*;\\?${STRING_END}$`,
    `^${ESC}(?:P[+$]q|_G)`,
  ].join('|'),
);
const SETTING = new RegExp(
  [
    `^${ESC}\\[[?>=<][0-9;]*[hlum]$`,
    `^${ESC}\\[(?:[0-9;:]*m|[0-9]* q|!p|[0-9;]*r)$`,
    `^${ESC}(?:[=>]|[()][0-9A-Z])$`,
    `^${ESC}\\]`,
  ].join('|'),
);

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
