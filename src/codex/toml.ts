/**
 * Loads the TOML parser on demand. The parser accepts integers that a JavaScript number cannot hold: users switch
 * compaction off by `model_auto_compact_token_limit = 9223372036854775807`, and the rest of the file still counts.
 */
export async function loadTomlParser(): Promise<(text: string) => Record<string, unknown>> {
  const { parse } = await import('smol-toml');
  return (text) => parse(text, { integersAsBigInt: 'asNeeded' });
}

/** The text as a basic string of TOML: a JSON string in which DEL is escaped, too. */
export function quoteToml(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007F');
}
