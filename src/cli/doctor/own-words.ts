import { join } from 'node:path';
import { readTextQuietly } from '../../regular-file.ts';
import { listReadableNames } from '../../state/files.ts';
import { DIST } from '../../state/package-files.ts';

/** A word of a text: letters and digits of any script, joined by dots and hyphens. */
const WORD = /[\p{L}\p{M}\p{N}_]+(?:[.-]+[\p{L}\p{M}\p{N}_]+)*/u;

/**
 * Every word of our own programs, in lower case. Such a word is not private, because all users have the same programs. Empty
 * when the programs cannot be read.
 */
export function readOwnWords(): Set<string> {
  const texts = ['bin', 'cli', 'launch'].flatMap((name) => readPrograms(join(DIST, name)));
  // In the source `\nExample` the n is no letter of the word.
  const source = [NAMES, ...texts].join('\n').replace(/\\(?:u[\da-f]{4}|.)/g, ' ');
  return new Set(source.toLowerCase().match(new RegExp(WORD, 'gu')));
}

/** Names of terminals, shells, systems and plans. Our programs do not contain them. */
const NAMES =
  'xterm xterm-256color xterm-kitty xterm-ghostty screen screen-256color tmux tmux-256color rxvt-unicode-256color linux dumb ' +
  'vt100 vt220 ansi alacritty foot wezterm kitty ghostty iTerm.app Apple_Terminal vscode WarpTerminal Hyper Tabby rio truecolor ' +
  '24bit bash zsh fish sh dash ksh tcsh codex-cli darwin arm64 x64 wsl free plus pro team business enterprise edu';

function readPrograms(directory: string): string[] {
  return listReadableNames(directory)
    .filter((name) => name.endsWith('.js'))
    .map((name) => readTextQuietly(`${directory}/${name}`));
}
