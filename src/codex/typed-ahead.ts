/**
 * Keys typed while no Codex could take them, in the form in which they may be handed over all at once. Codex takes three
 * or more characters that come within milliseconds for a paste, and an Enter up to 120 ms after them for a line break
 * of it (measured on 0.169), so that a prompt typed ahead would stand in the composer unsent. Said to be a paste, it is
 * one, and the Enter behind it is an Enter. Nothing else is changed, and the order is kept.
 * Only for a child that asked for bracketed paste (`?2004h`), as every Codex does.
 */
export function replayTypedKeys(keys: Buffer): Buffer {
  return Buffer.from(
    keys
      .toString('latin1')
      .replace(PASTE_OR_PROMPT, (whole, text?: string, enter?: string) =>
        text === undefined ? whole : `\u001b[200~${text}\u001b[201~${enter}`,
      ),
    'latin1',
  );
}

/** A paste is passed over whole; fewer than three characters may answer a dialog, and are no burst. */
const PASTE_OR_PROMPT =
  /\u001b\[200~[\s\S]*?(?:\u001b\[201~|$)|(?<![\s\S]\u001b|^\u001b|\u001b[[\]O][\u0020-\u007e]*)([\u0020-\u007e\u0080-\u00ff]{3,})(\r|\t|\u001b\[(?:13|9)(?:;1)?(?::1)?u)/g;
