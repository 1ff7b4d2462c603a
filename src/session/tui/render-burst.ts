import { type ComposerKey, PASTE_END, PASTE_START } from '../../codex/composer-keys.ts';
import type { Moment } from './unsent-input.ts';

/**
 * The place that a key went to: `delivered` to a child's composer, `dialog` to a child's dialog, or `queued` for a later
 * child.
 */
export type Destination = 'delivered' | 'dialog' | 'queued';

/** Where a key went, and when it came. */
export interface KeyTag {
  destination: Destination;
  moment: Moment;
}

export interface BurstKey {
  key: ComposerKey;
  tag: KeyTag;
}

/**
 * The keys of a burst in the form for a child: text with line breaks as a bracketed paste, all other keys unchanged.
 * @param characters of text in the burst, with the keys that were taken out of it before.
 */
export function renderBurst(
  burst: readonly BurstKey[],
  characters: number,
): { keys: string; tag: KeyTag }[] {
  if (characters === 0 || !burst.some(({ key }) => breaksLine(key))) {
    return burst.map(({ key, tag }) => ({ keys: key.bytes, tag }));
  }
  const parts: { keys: string; tag: KeyTag }[] = [];
  let run: ComposerKey[] = [];
  for (const [index, { key, tag }] of burst.entries()) {
    const next = burst[index + 1];
    if (!writesText(key)) {
      parts.push({ keys: key.bytes, tag });
      continue;
    }
    run.push(key);
    if (next !== undefined && writesText(next.key) && next.tag.destination === tag.destination)
      continue;
    parts.push({ keys: renderRun(run), tag });
    run = [];
  }
  return parts;
}

/** The key sends the prompt. */
export function sendsPrompt({ kind }: ComposerKey): boolean {
  return kind === 'enter' || kind === 'tab';
}

/** The key writes text, or a line break in a burst. */
export function writesText(key: ComposerKey): boolean {
  return key.kind === 'text' || breaksLine(key);
}

function breaksLine(key: ComposerKey): boolean {
  return sendsPrompt(key) || key.kind === 'line-break';
}

function renderRun(run: readonly ComposerKey[]): string {
  if (!run.some(breaksLine)) return run.map(({ bytes }) => bytes).join('');
  const text = run.map(({ kind, bytes }) => {
    if (kind === 'text') return bytes;
    return kind === 'tab' ? '\t' : '\r';
  });
  return `${PASTE_START}${text.join('')}${PASTE_END}`;
}
