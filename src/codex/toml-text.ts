/** A text as TOML's basic string: that of JSON, but for DEL, which TOML wants escaped. */
export function quoteToml(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007F');
}
