import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { listAncestors } from './paths.ts';

export interface NativeCodex {
  file: string;
  /** The environment that the npm launcher would give the binary (fact 52). */
  env: NodeJS.ProcessEnv;
}

interface Platform {
  triple: string;
  packageName: string;
}

const PLATFORMS: Record<string, Platform> = {
  'linux x64': { triple: 'x86_64-unknown-linux-musl', packageName: '@openai/codex-linux-x64' },
  'linux arm64': { triple: 'aarch64-unknown-linux-musl', packageName: '@openai/codex-linux-arm64' },
  'darwin x64': { triple: 'x86_64-apple-darwin', packageName: '@openai/codex-darwin-x64' },
  'darwin arm64': { triple: 'aarch64-apple-darwin', packageName: '@openai/codex-darwin-arm64' },
};

const PACKAGE_ROOT = 'CODEX_MANAGED_PACKAGE_ROOT';
const MANAGED_BY = {
  npm: 'CODEX_MANAGED_BY_NPM',
  bun: 'CODEX_MANAGED_BY_BUN',
  pnpm: 'CODEX_MANAGED_BY_PNPM',
  'vite-plus': 'CODEX_MANAGED_BY_VITE_PLUS',
} as const;

/**
 * The native binary that npm's `codex`, a Node program, would start. Started directly, its first frame comes 25 % earlier
 * (fact 51).
 * @param codex the path that the user would run, links not resolved.
 * @returns undefined when `codex` is not from npm, or when its launcher does something unknown: then run the launcher.
 */
export function resolveNative(codex: string, env: NodeJS.ProcessEnv): NativeCodex | undefined {
  const platform = PLATFORMS[`${process.platform} ${process.arch}`];
  const launcher = readLauncher(codex);
  if (platform === undefined || launcher === undefined) return undefined;

  const vendor = findVendorDir(launcher.packageRoot, platform);
  const binary = findBinary(join(vendor, platform.triple));
  const owner = detectPackageManager(launcher, codex, env);
  if (binary === undefined || owner === undefined) return undefined;

  const childEnv = { ...env };
  // Up to 0.135 the launcher puts ripgrep's directory first on PATH and drops empty entries.
  if (launcher.source.includes('getUpdatedPath')) {
    const known = (env.PATH ?? '').split(delimiter).filter(Boolean);
    const added = existsSync(binary.ripgrepDir) ? [binary.ripgrepDir] : [];
    childEnv.PATH = [...added, ...known].join(delimiter);
  }
  // Since 0.135.
  if (launcher.source.includes(PACKAGE_ROOT)) childEnv[PACKAGE_ROOT] = launcher.packageRoot;
  // Since 0.144.
  for (const name of Object.values(MANAGED_BY)) {
    if (launcher.source.includes(`delete env.${name};`)) delete childEnv[name];
  }
  childEnv[MANAGED_BY[owner]] = '1';
  return { file: binary.file, env: childEnv };
}

interface Launcher {
  source: string;
  packageRoot: string;
}

/** Reads the launcher's source, which shows what it does. Undefined when it has an unknown CODEX_ variable. */
function readLauncher(codex: string): Launcher | undefined {
  try {
    const path = realpathSync(codex);
    if (!path.endsWith('/@openai/codex/bin/codex.js')) return undefined;
    const source = readFileSync(path, 'utf8');
    const known: string[] = [PACKAGE_ROOT, ...Object.values(MANAGED_BY)];
    const variables: string[] = source.match(/\bCODEX_[A-Z_]+\b/g) ?? [];
    const isKnown = variables.every((name) => known.includes(name));
    if (!isKnown || !source.includes(MANAGED_BY.npm)) return undefined;
    return { source, packageRoot: dirname(dirname(path)) };
  } catch {
    return undefined;
  }
}

function findVendorDir(packageRoot: string, { packageName }: Platform): string {
  const installed = listAncestors(packageRoot)
    .map((dir) => join(dir, 'node_modules', packageName))
    .find((candidate) => existsSync(join(candidate, 'package.json')));
  return join(installed ?? packageRoot, 'vendor');
}

function findBinary(archRoot: string): { file: string; ripgrepDir: string } | undefined {
  const layouts = [
    { file: join(archRoot, 'bin', 'codex'), ripgrepDir: join(archRoot, 'codex-path') },
    { file: join(archRoot, 'codex', 'codex'), ripgrepDir: join(archRoot, 'path') }, // up to 0.130
  ];
  return layouts.find(({ file }) => existsSync(file));
}

/** Codex shows the update command of this package manager. Undefined for Vite+, which only the launcher can handle. */
function detectPackageManager(
  { source, packageRoot }: Launcher,
  codex: string,
  env: NodeJS.ProcessEnv,
): 'npm' | 'bun' | 'pnpm' | undefined {
  for (const start of new Set([packageRoot, dirname(resolve(codex))])) {
    for (const dir of listAncestors(start)) {
      if (source.includes(MANAGED_BY['vite-plus']) && isVitePlus(dir)) return undefined;
      if (source.includes(MANAGED_BY.pnpm) && isPnpm(join(dir, 'node_modules'), packageRoot)) {
        return 'pnpm';
      }
    }
  }
  const isBun =
    /\bbun\//.test(env.npm_config_user_agent ?? '') ||
    (env.npm_execpath ?? '').includes('bun') ||
    packageRoot.includes('.bun/install/global');
  return isBun ? 'bun' : 'npm';
}

function isVitePlus(dir: string): boolean {
  return basename(dir) === 'packages' && existsSync(join(dir, '@openai', 'codex.json'));
}

function isPnpm(nodeModules: string, packageRoot: string): boolean {
  if (!existsSync(join(nodeModules, '.modules.yaml'))) return false;
  try {
    return realpathSync(join(nodeModules, '@openai', 'codex')) === packageRoot;
  } catch {
    return false;
  }
}
