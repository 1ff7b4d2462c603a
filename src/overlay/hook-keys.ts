/**
 * Renames `hooks.state` keys of one home to another in the text of a config.toml. Only headers of the form
 * `[hooks.state."<path>:…"]` are touched, the form in which Codex writes them.
 * When both keys exist the table written under `from` wins: it is the later answer, for under `from` the trust of `to`
 * was already in force.
 */
export function renameHookKeys(
  text: string,
  from: string,
  to: string,
): { text: string; keys: string[] } {
  const blocks = splitBlocks(text);
  const moved = blocks.filter(({ key }) => key?.startsWith(`${from}/`));
  const keys = moved.map(({ key }) => key?.slice(from.length) ?? '');
  const replaced = new Set(keys.map((tail) => to + tail));
  const kept = blocks.filter(({ key }) => key === undefined || !replaced.has(key));
  return {
    text: kept
      .map((block) => (moved.includes(block) ? rename(block, from, to) : block.text))
      .join(''),
    keys: keys.map((tail) => tail.slice(1)),
  };
}

interface Block {
  text: string;
  /** The hook's key when the block is a `[hooks.state."…"]` table. */
  key: string | undefined;
}

// A block is a table header with all that follows to the next one; the text before the first header is one, too.
function splitBlocks(text: string): Block[] {
  return text.split(/^(?=[ \t]*\[)/m).map((block) => ({ text: block, key: keyOf(block) }));
}

const HEADER = /^[ \t]*\[\s*hooks\s*\.\s*state\s*\.\s*("(?:[^"\\\n]|\\.)*"|'[^'\n]*')\s*\]/;

function keyOf(block: string): string | undefined {
  const quoted = HEADER.exec(block)?.[1];
  return quoted === undefined ? undefined : unquote(quoted);
}

function unquote(quoted: string): string | undefined {
  if (quoted.startsWith("'")) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

function rename(block: Block, from: string, to: string): string {
  const key = JSON.stringify(to + (block.key ?? '').slice(from.length));
  return block.text.replace(HEADER, () => `[hooks.state.${key}]`);
}
