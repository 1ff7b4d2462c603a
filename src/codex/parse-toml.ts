/**
 * The TOML parser, loaded where it is needed. A number that JavaScript cannot hold is no reason to overlook what else a
 * file says: `model_auto_compact_token_limit = 9223372036854775807` is how people switch compaction off.
 */
export async function loadTomlParser(): Promise<(text: string) => Record<string, unknown>> {
  const { parse } = await import('smol-toml');
  return (text) => parse(text, { integersAsBigInt: 'asNeeded' });
}
