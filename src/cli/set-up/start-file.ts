import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HotswapError } from '../../errors.ts';
import { readRegularFile } from '../../regular-file.ts';
import { attempt } from '../../state/attempt.ts';
import { cannotWrite, replaceFile } from '../../state/files.ts';
import { absolute } from '../../state/state-dir.ts';

/** The start-up file of an interactive shell. */
export interface StartFile {
  path: string;
  /** For a message, such as `~/.bashrc`. */
  shown: string;
}

type Env = NodeJS.ProcessEnv;

/** The start-up file of the user's shell. Undefined for another shell than bash, zsh and fish. */
export function findStartFile(env: Env, home: string): StartFile | undefined {
  const shell = basename(env.SHELL ?? '');
  const all = listStartFiles(env, home);
  const path = Object.hasOwn(all, shell) ? all[shell as Shell] : undefined;
  return path === undefined ? undefined : { path, shown: shorten(path, home) };
}

/** The line that puts `dir` first on PATH. The mark at its end tells us that it is ours. */
export function pathLine(dir: string, env: Env, home: string): string {
  const isBelow = dir.startsWith(`${home}/`);
  const quoted = (isBelow ? dir.slice(home.length) : dir).replace(/["$`\\]/g, '\\$&');
  const shown = isBelow ? `$HOME${quoted}` : quoted;
  const command =
    basename(env.SHELL ?? '') === 'fish'
      ? `fish_add_path --move --path "${shown}"`
      : `export PATH="${shown}:$PATH"`;
  return `${command}  ${MARK}`;
}

/**
 * Makes `line` the last line of the file, and removes an older line of ours. Every other byte stays, and a link stays a link.
 * @throws HotswapError `home-unwritable` when the file is not to be changed, or cannot be.
 */
export function addPathLine(file: StartFile, line: string): 'added' | 'moved' | 'unchanged' {
  const place = openStartFile(file);
  const bytes = Buffer.from(line).toString('latin1');
  const { others, ours } = splitLines(place.text);
  if (ours.length === 1 && `\n${place.text.trimEnd()}`.endsWith(`\n${bytes}`)) return 'unchanged';
  const before = others === '' || others.endsWith('\n') ? others : `${others}\n`;
  writeStartFile(place, `${before}${bytes}\n`);
  return ours.length > 0 ? 'moved' : 'added';
}

/**
 * Removes our line from the start-up file of every shell.
 * @param known a file that got the line, and that this environment may not lead to.
 * @returns the files that were changed. `faults` has a line for each file that has our line and cannot be changed.
 */
export function removePathLines(
  env: Env,
  home: string,
  known?: string,
): { removed: string[]; faults: string[] } {
  const removed: string[] = [];
  const faults: string[] = [];
  for (const path of new Set([...Object.values(listStartFiles(env, home)), known ?? []].flat())) {
    const file = { path, shown: shorten(path, home) };
    if (!hasOurLine(path)) continue;
    try {
      const place = openStartFile(file);
      writeStartFile(place, splitLines(place.text).others);
      removed.push(file.shown);
    } catch (error) {
      if (!(error instanceof HotswapError)) throw error;
      faults.push(`${error.message}; remove the line that ends with \`${MARK}\``);
    }
  }
  return { removed, faults };
}

const MARK = '# codex-hotswap: runs codex through its shim';

type Shell = 'bash' | 'zsh' | 'fish';

function listStartFiles(env: Env, home: string): Record<Shell, string> {
  return {
    bash: bashFile(home, process.platform),
    zsh: join(absolute(env.ZDOTDIR) ?? home, '.zshrc'),
    fish: join(absolute(env.XDG_CONFIG_HOME) ?? join(home, '.config'), 'fish/config.fish'),
  };
}

/**
 * On macOS each window has a login shell, which does not read .bashrc. It reads the first file of three, so a new .bash_profile
 * would hide a .profile that exists.
 */
function bashFile(home: string, platform: NodeJS.Platform): string {
  if (platform !== 'darwin') return join(home, '.bashrc');
  const all = ['.bash_profile', '.bash_login', '.profile'].map((name) => join(home, name));
  return all.find((path) => existsSync(path)) ?? (all[0] as string);
}

function shorten(path: string, home: string): string {
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

/** The file that a link leads to, and its text: bytes as Latin-1, so that each byte stays as it is. */
interface Place {
  path: string;
  text: string;
  mode: number;
  isLink: boolean;
}

function openStartFile(file: StartFile): Place {
  const entry = attempt(() => lstatSync(file.path));
  if (entry === undefined) return { path: file.path, text: '', mode: 0o644, isLink: false };
  const path = attempt(() => realpathSync(file.path));
  const stats = path && attempt(() => statSync(path));
  if (!path || !stats) throw unchanged(file, 'it is a link that leads nowhere');
  if (!stats.isFile()) throw unchanged(file, 'it is no regular file');
  const isWritable = attempt(() => accessSync(path, constants.W_OK) ?? true);
  // Root may write a read-only file. But who has made it read-only wants no change.
  if (!isWritable || (stats.mode & 0o200) === 0) throw unchanged(file, 'it is read-only');
  const text = attempt(() => readRegularFile(path).toString('latin1'));
  if (text === undefined) throw unchanged(file, 'it cannot be read');
  return { path, text, mode: stats.mode & 0o777, isLink: entry.isSymbolicLink() };
}

function writeStartFile({ path, mode, isLink }: Place, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    if (text === '' && !isLink) return unlinkSync(path); // it had our line only
  } catch (error) {
    throw cannotWrite(path, error);
  }
  replaceFile(path, Buffer.from(text, 'latin1'), { mode });
}

function splitLines(text: string): { others: string; ours: string[] } {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const isOurs = (line: string) => line.trimEnd().endsWith(MARK);
  return {
    others: lines.filter((line) => !isOurs(line)).join(''),
    ours: lines.filter(isOurs),
  };
}

function hasOurLine(path: string): boolean {
  const text = attempt(() => readRegularFile(path).toString('latin1')) ?? '';
  return splitLines(text).ours.length > 0;
}

function unchanged({ shown }: StartFile, why: string): HotswapError {
  const what = `${shown} was not changed: ${why}`;
  return new HotswapError('home-unwritable', what, 'add the line yourself');
}
