import { type ComposerKey, PASTE_END, PASTE_START, readComposerKeys } from './composer-keys.ts';

/**
 * Keys typed while no Codex could take them, in the form in which they may be handed over all at once. Codex takes three
 * or more characters that come within milliseconds for a paste, and an Enter up to 120 ms after them for a line break
 * of it (fact 83), so that a prompt typed ahead would stand in the composer unsent. Said to be a paste, it is
 * one, and the Enter behind it is an Enter. Nothing else is changed, and the order is kept.
 * Only for a child that asked for bracketed paste (`?2004h`), as every Codex does.
 * @param keys as latin-1; pastes without brackets are marked as pastes (session/bursts.ts).
 */
export function replayTypedKeys(keys: string): string {
  const replayed: string[] = [];
  let before: ComposerKey | undefined;
  for (const key of readComposerKeys(keys)) {
    const sends = key.kind === 'enter' || key.kind === 'tab';
    if (sends && before?.kind === 'text' && before.bytes.length >= LEAST) {
      replayed.push(PASTE_START, replayed.pop() as string, PASTE_END);
    }
    replayed.push(key.bytes);
    before = key;
  }
  return replayed.join('');
}

/** Fewer characters may answer a dialog, and are no burst. */
const LEAST = 3;
