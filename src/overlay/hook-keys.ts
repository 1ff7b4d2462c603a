import { parseJson } from '../codex/json.ts';

/**
 * Changes the home in the hook keys of a config.toml's text. All other bytes stay. Codex writes tables
 * `[hooks.state."<path>:<event>:<n>:<n>"]`. A person may write the key in another form: such a key is renamed in place.
 * When both homes have a table for one hook, each field under `from` replaces the field under `to`, because it is newer. The
 * other fields stay: when a user switches a hook off, Codex writes only `enabled = false`.
 * @returns the new text, and the renamed hooks without the home.
 */
export function renameHookKeys(
  text: string,
  from: string,
  to: string,
): { text: string; hooks: string[] } {
  const blocks = splitBlocks(text);
  const hooks: string[] = [];
  const byKey = new Map(blocks.toReversed().map((block) => [block.key, block]));
  for (const block of blocks) {
    if (!block.key?.startsWith(`${from}/`)) continue;
    const hook = block.key.slice(from.length + 1);
    hooks.push(hook);
    const twin = byKey.get(`${to}/${hook}`);
    if (twin === undefined) {
      block.key = `${to}/${hook}`;
      byKey.set(block.key, block);
      block.text = block.text.replace(HEADER, () => `[hooks.state.${JSON.stringify(block.key)}]`);
    } else {
      twin.text = mergeFields(twin.text, block.text);
      block.text = commentsAfterFields(block.text);
      block.key = undefined;
    }
  }
  const renamed = blocks.map((block) => block.text).join('');
  const elsewhere = [...renamed.matchAll(quotedKeysOf(from))].map(([, hook]) => hook ?? '');
  return {
    text: renamed.replace(quotedKeysOf(from), (whole) => whole.replace(from, () => to)),
    hooks: [...hooks, ...elsewhere],
  };
}

interface Block {
  text: string;
  /** The hook's key, when the block is a `[hooks.state."…"]` table. */
  key: string | undefined;
}

// A block is a table header with the lines up to the next header. The lines before the first header are a block, too.
function splitBlocks(text: string): Block[] {
  return text.split(/^(?=[ \t]*\[)/m).map((block) => ({ text: block, key: keyOf(block) }));
}

const HEADER = /^[ \t]*\[\s*hooks\s*\.\s*state\s*\.\s*("(?:[^"\\\n]|\\.)*"|'[^'\n]*')\s*\]/;

function keyOf(block: string): string | undefined {
  const quoted = HEADER.exec(block)?.[1];
  if (quoted === undefined || quoted.startsWith("'")) return quoted?.slice(1, -1);
  return parseJson(quoted) as string | undefined;
}

const FIELD = /^[ \t]*([A-Za-z0-9_-]+)[ \t]*=.*$/;

function mergeFields(older: string, newer: string): string {
  const lines = older.split('\n');
  for (const line of newer.split('\n')) {
    const name = FIELD.exec(line)?.[1];
    if (name === undefined) continue;
    const at = lines.findIndex((candidate) => FIELD.exec(candidate)?.[1] === name);
    if (at === -1) lines.splice(1, 0, line);
    else lines[at] = line;
  }
  return lines.join('\n');
}

// A comment between two tables belongs to the table below it.
function commentsAfterFields(block: string): string {
  const lines = block.split('\n');
  const tail = lines.slice(lines.findLastIndex((line) => FIELD.test(line)) + 1).join('\n');
  return tail.includes('#') ? tail.replace(/^\s*\n/, '') : '';
}

function quotedKeysOf(home: string): RegExp {
  const escaped = home.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(
    `(?<=["'])${escaped}/((?:config\\.toml|hooks\\.json):\\w+:\\d+:\\d+)(?=["'])`,
    'g',
  );
}
