/** `it's` → `'it'\''s'`: any text as one word for a POSIX shell. */
export function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The same for a command that a person reads and copies: a word that needs no quotes has none. */
export function toShellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : quoteForShell(text);
}
