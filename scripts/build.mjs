// Builds dist/. Every output lies exactly two levels below the package root, as the sources do
// (src/<layer>/x.ts, dist/<layer>/x.js), so that `join(import.meta.dirname, '../../shim/…')` is right from both.
//
// CommonJS, because Node 20's ESM loader costs some 30 ms between `codex` and its first frame. Few files for the same reason:
// one for the hot path, one for the management command, and one for each heavy package, which is loaded late.
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { findEagerSources, findForbiddenImports, findInlinedPackages } from './bundle-graph.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

/** Packages that must not load before the first frame. Pty fact 20 has the cost of each. */
const NOT_ON_THE_HOT_PATH = ['commander', 'conf', 'chokidar', '@clack/prompts'];
/** Our own folders that neither a TUI nor an exec needs: V8 compiles them where an app-server is started. */
const LATE_SOURCES = ['src/relay/', 'src/session/app-server/'];
/** Imported late, but bundled: a file of its own would cost 3 ms in each start that needs it. */
const LATE_IN_THE_BUNDLE = ['smol-toml'];
const HOT_SOURCES = ['src/bin/launch.ts', 'src/bin/codex-hot.ts', 'src/launch/launch.ts'];
const BINS = [
  'src/bin/codex-hotswap.ts',
  'src/bin/codex-hot.ts',
  'src/bin/launch.ts',
  'src/bin/keeper.ts',
];
const PROGRAMS = [
  'src/launch/launch.ts',
  'src/launch/keep-token.ts',
  'src/cli/program.ts',
  'src/cli/thread-list.ts',
];
const EXECUTABLES = ['dist/bin/codex-hotswap.js', 'dist/bin/codex-hot.js'];

/** Node's `require` takes 8 µs to find a module that is loaded, and the launcher's files require these two 130 times. */
const SHARED_BUILTINS = /=require\(("node:(?:fs|path)")\)/g;
/** Node's own modules that take 1 to 3 ms each to load, and that no code needs before Codex has started. */
const LATE_BUILTINS =
  /=require\(("node:(?:child_process|crypto|fs\/promises|module|net|os|readline|string_decoder|tty|v8)")\)/g;

const lazyPackages = new Set();
const written = new Set();
const OPTIONS = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  minifyWhitespace: true,
  minifySyntax: true, // identifiers stay, so that a reported stack can be read
  supported: { 'dynamic-import': false }, // `import()` becomes a late `require()`
  define: {
    'process.env.CODEX_HOTSWAP_VERSION': JSON.stringify(manifest.version),
    'import.meta.dirname': '__dirname',
  },
  banner: {
    js: "'use strict';const delayed=id=>new Proxy({},{get:(_,name)=>require(id)[name]}),loaded={},builtin=id=>loaded[id]??=require(id);",
  },
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
};

const ours = await build({
  ...OPTIONS,
  entryPoints: [...BINS, ...PROGRAMS],
  sourcemap: 'linked',
  sourcesContent: false,
  outbase: 'src',
  plugins: [{ name: 'late', setup: (plugin) => plugin.onResolve({ filter: /./ }, resolveLate) }],
});
const theirs = await build({
  ...OPTIONS,
  entryPoints: [...lazyPackages].map((name) => ({ in: name, out: `lazy/${fileOf(name)}` })),
  // A module gets the whole `module.exports` of a CommonJS file as its default export.
  footer: { js: 'module.exports=Object.assign(module.exports.default??{},module.exports);' },
});
const metafile = {
  outputs: { ...ours.metafile.outputs, ...theirs.metafile.outputs },
};

const inlined = findInlinedPackages(metafile);
const problems = [
  ...findForbiddenImports(metafile, HOT_SOURCES, NOT_ON_THE_HOT_PATH),
  ...findEagerSources(ours.metafile, HOT_SOURCES, LATE_SOURCES),
  ...inlined
    .filter((name) => !manifest.inlinedDependencies.includes(name))
    .map((name) => `${name} is bundled but not listed in package.json "inlinedDependencies"`),
];
if (problems.length > 0) {
  for (const problem of problems) console.error(`build: ${problem}`);
  process.exit(1);
}

await put('dist/package.json', '{"type":"commonjs"}\n');
for (const { path, text } of ours.outputFiles) {
  // These are as long as the words that they replace, so the columns of the source map stay right.
  const code = path.endsWith('.map')
    ? text
    : text.replace(LATE_BUILTINS, '=delayed($1)').replace(SHARED_BUILTINS, '=builtin($1)');
  await put(relative(root, path), path.endsWith('/launch/launch.js') ? asScript(code) : code);
}
for (const { path, contents } of theirs.outputFiles) await put(relative(root, path), contents);
await put('dist/THIRD-PARTY-LICENSES', await collectLicences(inlined));
await removeStale();

/** Replaces a file as a whole, because a codex may start from dist/ during a build. */
async function put(file, contents) {
  const path = join(root, file);
  const temporary = `${path}.new`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(temporary, contents);
  if (EXECUTABLES.includes(file)) await chmod(temporary, 0o755);
  await rename(temporary, path);
  written.add(file);
}

/**
 * For state/code-cache.ts. Run as a script, the text gives the function in which Node runs a module. Its last 32 characters
 * differ for each content. `require` loads it as before.
 */
function asScript(code) {
  const words = 'exports,require,module,__filename,__dirname';
  const text = `(run=>typeof module==='object'?run(${words}):run)(function(${words}){${code}})`;
  return `${text}//${createHash('sha256').update(text).digest('hex').slice(0, 30)}`;
}

async function removeStale() {
  for (const file of await readdir(join(root, 'dist'), { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (file.isFile() && !written.has(relative(root, path))) await rm(path, { force: true });
  }
}

/** The programs behind the entries, and each package that is imported late, stay separate files. */
function resolveLate({ path, kind }) {
  if (kind !== 'dynamic-import') return undefined;
  const program = PROGRAMS.find((file) => path.endsWith(file.replace(/^src/, '')));
  // Each output lies two levels deep, at any depth of its source.
  if (program !== undefined) {
    return { path: program.replace(/^src/, '..').replace(/\.ts$/, '.js'), external: true };
  }
  if (path.startsWith('.') || LATE_IN_THE_BUNDLE.includes(path)) return undefined;
  lazyPackages.add(path);
  return { path: `../lazy/${fileOf(path)}.js`, external: true };
}

/** The file name of a package. A scope becomes a part of it, because each file lies two levels deep. */
function fileOf(packageName) {
  return packageName.replace('@', '').replace('/', '-');
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
