// Packs the package, installs it as users do (npm i -g, without install scripts) into an empty prefix, and uses it in an empty
// home. Needs dist/ (npm run build), and the npm registry for the one dependency. Runs `npm publish --dry-run` without a network.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version, repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
mkdirSync(join(root, '.cache'), { recursive: true });
const work = mkdtempSync(join(root, '.cache/package-'));
const inside = (...parts) => join(work, ...parts);
let failures = 0;

try {
  const tarball = checkTarball();
  rehearsePublishing();
  npm('install', '--global', '--prefix', inside('prefix'), '--ignore-scripts', tarball);
  checkNoInstallScripts();
  checkCommands();
  checkShim();
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(failures === 0 ? 'package: ok' : `package: ${failures} checks failed`);
process.exitCode = failures === 0 ? 0 : 1;

/** The tarball contains only the files to publish, with the modes that they need. */
function checkTarball() {
  const listing = npm('pack', '--ignore-scripts', '--json', '--pack-destination', work);
  const [pack] = JSON.parse(listing);
  const allowed =
    /^(dist\/[\w-]+\/[\w-]+\.js(\.map)?|dist\/package\.json|dist\/THIRD-PARTY-LICENSES|shim\/(codex|monitor)|package\.json|README\.md|LICENSE|CHANGELOG\.md|\.github\/handoff\.svg)$/;
  const paths = pack.files.map(({ path }) => path);
  check(
    'nothing else is packed',
    paths.filter((path) => !allowed.test(path)),
    [],
  );
  const programs = paths.filter((path) => /^dist\/(bin|cli|launch)\/.*\.js$/.test(path));
  check(
    'a source map for each program of ours',
    programs.filter((path) => !paths.includes(`${path}.map`)),
    [],
  );
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const pictures = [...readme.matchAll(/!\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, to]) => to);
  const missing = pictures.filter((to) => !to.startsWith('https:') && !paths.includes(to));
  check('the pictures of the README are packed', [pictures.length > 0, missing], [true, []]);
  const executable = pack.files.filter(({ mode }) => mode & 0o100).map(({ path }) => path);
  check('modes in the tarball', executable.sort(), [
    'dist/bin/codex-hot.js',
    'dist/bin/codex-hotswap.js',
    'shim/codex',
    'shim/monitor',
  ]);
  console.log(
    `packed ${pack.filename}: ${pack.files.length} files, ${Math.round(pack.size / 1024)} KB`,
  );
  return inside(pack.filename);
}

/**
 * `--offline`: without it npm asks the registry for the versions, and without a network it tries for 70 s. A correction by npm
 * means a mistake in our package.json.
 */
function rehearsePublishing() {
  const args = ['publish', '--dry-run', '--offline', '--ignore-scripts', '--json'];
  const ran = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
  check('npm publish --dry-run', [ran.status, /auto-corrected/.test(ran.stderr)], [0, false]);
  if (repository === undefined) {
    console.log(
      'package: package.json names no repository, so npm would show no picture and no provenance',
    );
  }
}

/** npm 12 blocks install scripts, so no package may depend on one. */
function checkNoInstallScripts() {
  const modules = inside('prefix/lib/node_modules');
  const manifests = readdirSync(modules, { recursive: true }).filter((file) =>
    /(^|node_modules\/)(@[^/]+\/)?[^/]+\/package\.json$/.test(file),
  );
  const withScripts = manifests.filter((file) => {
    const { scripts = {} } = JSON.parse(readFileSync(join(modules, file), 'utf8'));
    return ['preinstall', 'install', 'postinstall'].some((name) => name in scripts);
  });
  check('installed packages are there', manifests.length >= 2, true);
  check('no install scripts', withScripts, []);
}

function checkCommands() {
  check('codex-hotswap --version', run('codex-hotswap', ['--version']).stdout, `${version}\n`);
  const status = run('codex-hotswap', ['status']);
  check('status before setup: exit status', status.status, 78);
  check(
    'status before setup: message',
    /^codex-hotswap: not set up yet .*\n$/.test(status.stderr),
    true,
  );
}

function checkShim() {
  mkdirSync(inside('programs'), { recursive: true });
  const fake =
    '#!/bin/sh\n[ "$1" = --version ] && echo codex-cli 9.9.9 || echo "real codex: $*"\nexit 7\n';
  writeFileSync(inside('programs/codex'), fake, { mode: 0o755 });

  check('setup', run('codex-hotswap', ['setup', '--install-shim']).status, 0);
  const shim = spawnSync('sh', ['-c', 'command -v codex'], {
    env: environment(),
    encoding: 'utf8',
  });
  check(
    'the shim comes first',
    shim.stdout,
    `${inside('home/.local/share/codex-hotswap/bin/codex')}\n`,
  );

  const utility = run('codex', ['mcp', 'list']);
  check(
    'a utility command',
    [utility.status, utility.stdout, utility.stderr],
    [7, 'real codex: mcp list\n', ''],
  );
  // No account is logged in, so the real codex runs unsupervised, and one line says so.
  const turn = run('codex', ['exec', 'hello']);
  check('a turn', [turn.status, turn.stdout.includes('hello')], [7, true]);
  const ours = turn.stderr.split('\n').filter((line) => line.startsWith('codex-hotswap'));
  check('a turn: one line of ours', ours.length, 1);
  const hot = run('codex-hot', ['exec', 'hello']);
  check('codex-hot', [hot.status, hot.stdout.includes('hello')], [7, true]);
  const doctor = run('codex-hotswap', ['doctor']).stdout;
  check('doctor: pty', /^ok +a pty can be opened$/m.test(doctor), true);

  npm('uninstall', '--global', '--prefix', inside('prefix'), 'codex-hotswap');
  const orphan = run('codex', ['hello']);
  check('the shim after npm uninstall', [orphan.status, orphan.stdout], [7, 'real codex: hello\n']);
  check('… says so', /^codex-hotswap: running codex unsupervised.*\n$/.test(orphan.stderr), true);
}

function environment() {
  const dirs = ['home/.local/share/codex-hotswap/bin', 'prefix/bin', 'programs'].map((dir) =>
    inside(dir),
  );
  const node = join(process.execPath, '..');
  return {
    HOME: inside('home'),
    PATH: [...dirs, node, '/usr/bin', '/bin'].join(':'),
    SHELL: '/bin/sh',
  };
}

function run(command, args) {
  mkdirSync(inside('home'), { recursive: true, mode: 0o700 });
  return spawnSync(command, args, {
    env: environment(),
    cwd: inside('home'),
    encoding: 'utf8',
    input: '',
  });
}

function npm(...args) {
  return execFileSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function check(what, actual, expected) {
  if (JSON.stringify(actual) === JSON.stringify(expected)) return;
  failures += 1;
  console.error(
    `FAILED ${what}\n  expected ${JSON.stringify(expected)}\n  got      ${JSON.stringify(actual)}`,
  );
}
