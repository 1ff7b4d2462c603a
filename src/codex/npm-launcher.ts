import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';

export interface NativeCodex {
  /** The native binary. */
  file: string;
  /** The whole environment its npm launcher would give it. */
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
 * What `node …/@openai/codex/bin/codex.js` would start, without starting it: that saves one Node start,
 * a quarter of the time to the first frame (fact 51). Undefined when `codex` is no npm installation or when
 * its launcher does something we do not know, so that the launcher itself has to be run.
 *
 * @param codex the path the user would run, links not resolved.
 */
export function resolveNative(codex: string, env: NodeJS.ProcessEnv): NativeCodex | undefined {
  const platform = PLATFORMS[`${process.platform} ${process.arch}`];
  const launcher = readLauncher(codex);
  if (platform === undefined || launcher === undefined) return undefined;

  const vendor = findVendorDir(launcher.packageRoot, platform);
  const binary = vendor && findBinary(join(vendor, platform.triple));
  if (!binary) return undefined;

  const owner = detectPackageManager(launcher, codex, env);
  if (owner === undefined) return undefined;

  const childEnv = { ...env };
  // 0.120-0.135 put ripgrep's directory first and drop empty entries of PATH.
  if (launcher.source.includes('getUpdatedPath')) {
    const known = (env.PATH ?? '').split(delimiter).filter(Boolean);
    const added = existsSync(binary.pathDir) ? [binary.pathDir] : [];
    childEnv.PATH = [...added, ...known].join(delimiter);
  }
  // 0.135 and newer.
  if (launcher.source.includes(PACKAGE_ROOT)) childEnv[PACKAGE_ROOT] = launcher.packageRoot;
  // 0.144 and newer.
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

/** The launcher's own text is the capability probe: no version numbers are compared. */
function readLauncher(codex: string): Launcher | undefined {
  try {
    const path = realpathSync(codex);
    if (!path.endsWith('/@openai/codex/bin/codex.js')) return undefined;
    const source = readFileSync(path, 'utf8');
    const known: string[] = [PACKAGE_ROOT, ...Object.values(MANAGED_BY)];
    const variables: string[] = source.match(/\bCODEX_[A-Z_]+\b/g) ?? [];
    if (!source.includes(MANAGED_BY.npm)) return undefined;
    if (!variables.every((name) => known.includes(name))) return undefined;
    return { source, packageRoot: dirname(dirname(path)) };
  } catch {
    return undefined;
  }
}

function findVendorDir(packageRoot: string, { packageName }: Platform): string | undefined {
  for (const dir of ancestors(packageRoot)) {
    const candidate = join(dir, 'node_modules', packageName);
    if (existsSync(join(candidate, 'package.json'))) return join(candidate, 'vendor');
  }
  return join(packageRoot, 'vendor');
}

function findBinary(archRoot: string): { file: string; pathDir: string } | undefined {
  const layouts = [
    { file: join(archRoot, 'bin', 'codex'), pathDir: join(archRoot, 'codex-path') },
    { file: join(archRoot, 'codex', 'codex'), pathDir: join(archRoot, 'path') }, // up to 0.130
  ];
  return layouts.find(({ file }) => existsSync(file));
}

/** Codex tells its user how to update it by this. Undefined: Vite+, whose bookkeeping we leave to the launcher. */
function detectPackageManager(
  { source, packageRoot }: Launcher,
  codex: string,
  env: NodeJS.ProcessEnv,
): 'npm' | 'bun' | 'pnpm' | undefined {
  for (const start of new Set([packageRoot, dirname(resolve(codex))])) {
    for (const dir of ancestors(start)) {
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

function* ancestors(dir: string): Generator<string> {
  yield dir;
  const parent = dirname(dir);
  if (parent !== dir) yield* ancestors(parent);
}
