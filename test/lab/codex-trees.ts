import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CodexUnderTest, codexUnderTest, findCodex } from './codex-under-test.ts';
import type { Sandbox } from './sandbox.ts';

const CACHE = fileURLToPath(new URL('../../.cache/codex/', import.meta.url));

/**
 * Another release than the one under test, for scenes of an update. From the cache of `npm run test:matrix`; without one, the
 * release under test itself, at another place.
 */
export const otherRelease: CodexUnderTest =
  ['0.144.0', '0.150.0']
    .map((version) => join(CACHE, version, 'node_modules/@openai/codex/bin/codex.js'))
    .filter((launcher) => existsSync(launcher))
    .map(findCodex)
    .find(({ version }) => version !== codexUnderTest.version) ?? codexUnderTest;

/**
 * Installs a release as npm does: `<home>/<place>/lib/node_modules/@openai/…`, with a link at `<home>/<place>/bin/codex`. The
 * files are hard links.
 * @param layout where the native binary lies: beside the package, or in its own node_modules.
 * @returns the link.
 */
export function plantCodex(
  { home }: Sandbox,
  place: string,
  release: CodexUnderTest,
  layout: 'beside' | 'inside' = 'beside',
): string {
  const scope = join(home, place, 'lib/node_modules/@openai');
  const from = dirname(dirname(release.launcher));
  linkTree(from, join(scope, 'codex'));
  const inner = layout === 'beside' ? scope : join(scope, 'codex/node_modules/@openai');
  for (const name of readdirSync(dirname(from)).filter((sibling) => sibling.startsWith('codex-'))) {
    linkTree(join(dirname(from), name), join(inner, name));
  }
  const link = join(home, place, 'bin/codex');
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync('../lib/node_modules/@openai/codex/bin/codex.js', link);
  return link;
}

/** Makes `codex` on PATH another one: the link is replaced in one step, as npm and Homebrew do it. */
export function putOnPath({ realBin }: Sandbox, codex: string): void {
  const link = join(realBin, 'codex');
  symlinkSync(codex, `${link}.new`);
  renameSync(`${link}.new`, link);
}

export function removeCodex({ home }: Sandbox, place: string): void {
  rmSync(join(home, place), { recursive: true });
}

function linkTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkTree(source, target);
    else linkSync(source, target);
  }
}
