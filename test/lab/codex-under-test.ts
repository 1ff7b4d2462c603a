import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The real Codex that tests run: npm launcher, native binary, version. */
export interface CodexUnderTest {
  /** `bin/codex.js` of the npm package: what a user's `codex` resolves to. */
  launcher: string;
  /** The binary the launcher runs. */
  native: string;
  version: string;
  /** Whether its TUI knows `--no-daemon`; without the flag it leaves two processes behind (fact 98). */
  hasNoDaemon: boolean;
  /** Compares `major.minor.patch`: for facts that only newer versions have. */
  isAtLeast(version: string): boolean;
}

/** `CODEX_UNDER_TEST` (path of a launcher, set by `npm run test:matrix`), else the pinned dev dependency. */
export const codexUnderTest: CodexUnderTest = findCodex(
  process.env.CODEX_UNDER_TEST ??
    createRequire(import.meta.url).resolve('@openai/codex/bin/codex.js'),
);

/** Finds the parts of an npm-installed Codex from its launcher; throws when the layout is unknown. */
export function findCodex(launcherPath: string): CodexUnderTest {
  const launcher = realpathSync(launcherPath);
  const root = dirname(dirname(launcher));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const native = findNative(root);
  return {
    launcher,
    native,
    version,
    hasNoDaemon: readHelp(native).includes('--no-daemon'),
    isAtLeast: (wanted) => compareVersions(version, wanted) >= 0,
  };
}

/** In a home of its own: even for its help Codex makes `tmp/arg0` in CODEX_HOME, and ours must not be touched. */
function readHelp(native: string): string {
  const home = mkdtempSync(join(tmpdir(), 'codex-hotswap-help-'));
  try {
    const env = { ...process.env, CODEX_HOME: home };
    return execFileSync(native, ['--help'], {
      ...{ encoding: 'utf8', env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** Newer layouts have `bin/codex` below the target triple, older ones (0.120) `codex/codex`. */
function findNative(root: string): string {
  const packages = [root, ...listSiblings(dirname(root))];
  for (const vendor of packages.map((directory) => join(directory, 'vendor'))) {
    if (!existsSync(vendor)) continue;
    for (const triple of readdirSync(vendor)) {
      for (const inner of ['bin/codex', 'codex/codex']) {
        const candidate = join(vendor, triple, inner);
        if (existsSync(candidate)) return candidate;
      }
    }
  }
  throw new Error(`no native codex beside ${root}`);
}

function listSiblings(scope: string): string[] {
  return readdirSync(scope)
    .filter((name) => name.startsWith('codex-'))
    .map((name) => join(scope, name));
}
