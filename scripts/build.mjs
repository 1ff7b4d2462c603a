// Builds dist/. Every output lies exactly two levels below the package root, as the sources do
// (src/<layer>/x.ts, dist/bin/x.js, dist/chunks/x.js), so that `new URL('../../shim/…', import.meta.url)`
// is right from both.
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { findForbiddenImports, findInlinedPackages } from './bundle-graph.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

/** What the way from `codex` to the first frame must never load: see pty.md 4.2 for what each costs. */
const NOT_ON_THE_HOT_PATH = ['commander', 'conf', 'chokidar', 'smol-toml', 'cli-table3'];
const HOT_SOURCES = ['src/bin/launch.ts', 'src/bin/codex-hot.ts', 'src/launch/launch.ts'];
const EXECUTABLES = ['dist/bin/codex-hotswap.js', 'dist/bin/codex-hot.js'];

const { metafile, outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['src/bin/codex-hotswap.ts', 'src/bin/codex-hot.ts', 'src/bin/launch.ts'],
  outdir: 'dist',
  outbase: 'src',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifyWhitespace: true,
  minifySyntax: true, // identifiers stay, so that a reported stack can be read
  external: ['node-pty'],
  define: { 'process.env.CODEX_HOTSWAP_VERSION': JSON.stringify(manifest.version) },
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
});

const inlined = findInlinedPackages(metafile);
const problems = [
  ...findForbiddenImports(metafile, HOT_SOURCES, NOT_ON_THE_HOT_PATH),
  ...inlined
    .filter((name) => !manifest.inlinedDependencies.includes(name))
    .map((name) => `${name} is bundled but not listed in package.json "inlinedDependencies"`),
];
if (problems.length > 0) {
  for (const problem of problems) console.error(`build: ${problem}`);
  process.exit(1);
}

const licences = {
  path: join(root, 'dist/THIRD-PARTY-LICENSES'),
  text: await collectLicences(inlined),
};
const files = [
  ...outputFiles.map(({ path, text }) => ({ path, text: withRequire(text) })),
  licences,
];
for (const { path, text } of files) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
for (const file of EXECUTABLES) await chmod(join(root, file), 0o755);
// What an earlier build left goes last: a codex that runs from here may still load its chunks.
const kept = new Set(files.map(({ path }) => path));
for (const entry of await readdir(join(root, 'dist'), { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && !kept.has(path)) await rm(path);
}

/** Bundled CommonJS calls `require` for Node's own modules; only the chunk with that helper gets one. */
function withRequire(code) {
  if (!code.includes('typeof require')) return code;
  const banner =
    "import{createRequire as hotswapCreateRequire}from'node:module';const require=hotswapCreateRequire(import.meta.url);";
  const shebang = /^#!.*\n/.exec(code)?.[0] ?? '';
  return `${shebang}${banner}${code.slice(shebang.length)}`;
}

async function collectLicences(packages) {
  const texts = [];
  for (const name of packages) {
    const dir = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'));
    const text = await readLicence(dir);
    texts.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  return `codex-hotswap contains these packages.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

async function readLicence(dir) {
  for (const file of ['LICENSE', 'license', 'LICENSE.md', 'LICENSE.txt', 'LICENCE']) {
    const text = await readFile(join(dir, file), 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  throw new Error(`no licence file in ${dir}`);
}
