/**
 * Whether a text contains a part, in linear time (Knuth, Morris and Pratt). A user may paste 100,000 equal characters with a
 * different character in the middle. `String.includes` needs minutes for such a text and part (pty fact 7).
 */
export function contains(text: string, part: string): boolean {
  if (part.length > text.length) return false;
  // The built-in search is faster for short parts.
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

/** For each prefix of the part: the length of the longest shorter prefix that is also its end. */
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
