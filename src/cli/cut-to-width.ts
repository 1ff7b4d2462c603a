/** As much of a text as fits into so many columns, without what would move the cursor. */
export function cutToWidth(text: string, columns: number): string {
  let width = 0;
  let shown = '';
  for (const character of text.replace(/\p{Cc}/gu, ' ')) {
    width += WIDE.test(character) ? 2 : /\p{M}/u.test(character) ? 0 : 1;
    if (width > columns) break;
    shown += character;
  }
  return shown;
}

const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
