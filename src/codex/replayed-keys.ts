import { type ComposerKey, PASTE_END, PASTE_START, readComposerKeys } from './composer-keys.ts';

/**
 * Prepares keys that were typed while no Codex could read them, so that Codex can get all of them at once. Codex reads three
 * or more characters within milliseconds as a paste. It reads an Enter up to 120 ms later as a line break in that paste
 * (fact 83), and so it does not send the prompt. Text before Enter or Tab therefore becomes a bracketed paste. Use it only
 * for a child that asked for bracketed paste (`?2004h`), as every Codex does.
 * @param keys as latin-1. Pastes without brackets have got their brackets in session/tui/bursts.ts.
 */
export function bracketTypedText(keys: string): string {
  const replayed: string[] = [];
  let before: ComposerKey | undefined;
  for (const key of readComposerKeys(keys)) {
    const sends = key.kind === 'enter' || key.kind === 'tab';
    if (sends && before?.kind === 'text' && before.bytes.length >= MIN_CHARACTERS) {
      replayed.push(PASTE_START, replayed.pop() as string, PASTE_END);
    }
    replayed.push(key.bytes);
    before = key;
  }
  return replayed.join('');
}

/** Codex reads fewer characters as keys, and they may answer a dialog. */
const MIN_CHARACTERS = 3;
