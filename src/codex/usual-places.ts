import { readdirSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { isExecutable, isOurShim } from './find-codex.ts';

/**
 * Directories into which installers put `codex`, the user's own first; `~` is the home. cron, launchd and programs of a
 * desktop have a PATH without them. The directories of Node itself are not here: see {@link findOffPath}.
 */
export const USUAL_DIRS: readonly string[] = [
  '~/.local/bin', // Codex's own installer (fact 110), and npm with this prefix
  '~/.codex/packages/standalone/current/bin',
  '~/.npm-global/bin', // the prefix that npm's documentation proposes
  '~/.npm-packages/bin',
  '~/.bun/bin',
  '~/.local/share/pnpm',
  '~/.local/share/pnpm/bin', // pnpm 11
  '~/Library/pnpm',
  '~/Library/pnpm/bin',
  '~/.volta/bin',
  '~/.local/share/mise/shims',
  '~/.asdf/shims',
  '~/.proto/shims',
  '~/.proto/bin',
  '~/.nodenv/shims',
  '~/.nodebrew/current/bin',
  '~/n/bin',
  '~/.yarn/bin',
  '~/.config/yarn/global/node_modules/.bin',
  '~/.vite-plus/bin',
  '~/.deno/bin',
  '~/.cargo/bin',
  '~/.nix-profile/bin',
  '~/.local/state/nix/profile/bin',
  '~/bin',
  '/opt/homebrew/bin',
  '/home/linuxbrew/.linuxbrew/bin',
  '/usr/local/bin',
  '/opt/local/bin',
  '/snap/bin',
  '/run/current-system/sw/bin',
  '/nix/var/nix/profiles/default/bin',
  '/usr/bin',
];

/** The same as words of the shim. */
export const USUAL_DIRS_IN_SHELL = USUAL_DIRS.map((dir) =>
  dir.replace(/^(~?)(.*)$/, (_, home, rest) => (home === '' ? rest : `"$HOME"${rest}`)),
).join(' ');

/**
 * The real codex where PATH does not have it: at a known path, at the same place of another version, or in a usual place. The
 * shim does the same, with the same answer.
 * @param known paths at which it may be, the best first; paths that are not absolute do not count.
 * @param home the user's home, for the usual places. Undefined: they are left out.
 */
export function findOffPath(known: readonly string[], home?: string): string | undefined {
  const paths = known.filter((path) => isAbsolute(path));
  const usual = home === undefined ? [] : USUAL_DIRS.map((dir) => dir.replace(/^~/, home));
  return (
    paths.find(isRealCodex) ??
    paths.map(findOtherVersion).find((path) => path !== undefined) ??
    usual.map((dir) => join(dir, 'codex')).find(isRealCodex)
  );
}

/**
 * An update has removed `…/node/v22.1.0/bin/codex`, and `…/node/v24.0.0/bin/codex` is there. nvm, fnm, mise, asdf, n and
 * Homebrew's Cellar have such directories.
 * @returns the path in the directory that changed last.
 */
function findOtherVersion(path: string): string | undefined {
  const names = path.split('/');
  const at = names.findLastIndex((name) => VERSION.test(name));
  if (at < 1) return undefined;
  const parent = names.slice(0, at).join('/');
  const others = listVersions(parent).flatMap((dir) => {
    const file = [dir, ...names.slice(at + 1)].join('/');
    const changedAt = statSync(dir, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return isRealCodex(file) ? [{ file, changedAt }] : [];
  });
  return others.sort((a, b) => b.changedAt - a.changedAt)[0]?.file;
}

/** A name such as `v22.1.0` or `0.171.0-x86_64`. A name without a dot might be that of another user in /home. */
const VERSION = /^v?\d.*\.\d/;

function listVersions(parent: string): string[] {
  try {
    // Every user may write into a sticky directory such as /tmp.
    if ((statSync(parent).mode & 0o1000) !== 0) return [];
    const names = readdirSync(parent).filter((name) => VERSION.test(name));
    return names.map((name) => `${parent}/${name}`);
  } catch {
    return [];
  }
}

function isRealCodex(path: string): boolean {
  try {
    return statSync(path).isFile() && isExecutable(path) && !isOurShim(path);
  } catch {
    return false; // missing, or a link that leads to itself
  }
}
