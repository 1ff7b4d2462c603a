/**
 * Whether a text has a part in it, in linear time (Knuth, Morris and Pratt). `String.includes` needs minutes where text and
 * part are some 100,000 equal characters with a different one in the middle (pty fact 7), and a user may paste such text.
 */
export function contains(text: string, part: string): boolean {
  if (part.length > text.length) return false;
  // Most texts are short, and the built-in search is faster there.
  if (part.length <= SHORT) return text.includes(part);
  const jumps = jumpsOf(part);
  let matched = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    while (matched > 0 && part.charCodeAt(matched) !== code) matched = jumps[matched - 1] as number;
    if (part.charCodeAt(matched) === code) matched += 1;
    if (matched === part.length) return true;
  }
  return false;
}

const SHORT = 64;

/** For each prefix of the part: the length of the longest shorter prefix that it ends with. */
function jumpsOf(part: string): Uint32Array {
  const jumps = new Uint32Array(part.length);
  let matched = 0;
  for (let at = 1; at < part.length; at += 1) {
    const code = part.charCodeAt(at);
    while (matched > 0 && part.charCodeAt(matched) !== code) matched = jumps[matched - 1] as number;
    if (part.charCodeAt(matched) === code) matched += 1;
    jumps[at] = matched;
  }
  return jumps;
}
