import { toPlainText } from '../plain-text.ts';

/** Makes a text plain, and cuts it to this number of columns of a terminal. */
export function cutToWidth(text: string, columns: number): string {
  let width = 0;
  let shown = '';
  for (const character of toPlainText(text)) {
    width += columnsOf(character);
    if (width > columns) break;
    shown += character;
  }
  return shown;
}

/** The number of columns that a plain text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

function columnsOf(character: string): number {
  if (WIDE.test(character)) return 2;
  return /[\p{M}\u200c\u200d]/u.test(character) ? 0 : 1;
}

const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
