import { lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isTemporaryName } from '../../src/state/files.ts';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { ask } from '../lab/composer.ts';
import type { OuterTerminal } from '../lab/outer-terminal.ts';
import { createOverlayHomes, listNames, type OverlayHome } from '../lab/overlay-homes.ts';
import { findStrays } from '../lab/strays.ts';
import { quit } from '../lab/supervised.ts';

// Logins are for the vaults and for nobody's eyes: modes, leftovers, and every place where a token could turn up.

const { openHome, close } = createOverlayHomes();
let backend: Backend;

beforeAll(async () => {
  backend = await startBackend({ accounts: [{ name: 'acc1' }, { name: 'acc2' }] });
});
afterAll(() => backend.close());
afterEach(async () => {
  await close();
  backend.account('acc1').turnsLeft = Number.POSITIVE_INFINITY;
});

describe.each(['000', '077'])('umask %s', (umask) => {
  it('everything of ours is for its owner alone, after setup, a session, a handoff, an exec', async () => {
    const home = await openHome(backend, ['acc1', 'acc2']);
    const { box, paths } = home;
    const cli = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;
    // Set up anew, the lab's own set-up had another umask.
    const setUp = `rm -rf "${join(paths.configFile, '..')}" "${paths.stateDir}"; "${process.execPath}" "${cli}" setup --accounts acc1,acc2,acc3`;
    expect((await box.run('sh', ['-c', `umask ${umask}; ${setUp}`])).status).toBe(0);
    expectPrivate(home);

    const options = { file: '/bin/sh', args: ['-c', `umask ${umask}; exec "${home.codex}"`] };
    await handOff(home.open([], options));
    const exec = await box.run('sh', ['-c', `umask ${umask}; exec "${home.codex}" exec hello`]);
    expect(exec.status).toBe(0);
    expectPrivate(home);
    const modeOf = (name: string) => lstatSync(join(box.codexHome, name)).mode & 0o777;
    // What Codex would have made by itself, we made; with no less care.
    for (const name of ['sessions', 'thread-writer-locks', 'shell_snapshots']) {
      expect(modeOf(name), name).toBe(0o700);
    }
  });
});

it('nothing is left in the directory for temporary files, and nothing half-written anywhere', async () => {
  const home = await openHome(backend, ['acc1', 'acc2']);
  const { box, paths } = home;
  const tmp = join(box.home, 'tmp');
  mkdirSync(tmp);
  box.env.TMPDIR = tmp;
  await box.run(home.real, ['exec', 'hello']);
  const leftByCodex = listNames(tmp);
  await handOff(home.open());
  await box.run(home.codex, ['exec', 'hello']);
  expect(listNames(tmp)).toEqual(leftByCodex);
  const files = [
    box.codexHome,
    paths.stateDir,
    `${box.home}/.codex-acc1`,
    `${box.home}/.codex-acc2`,
  ]
    .flatMap(listTree)
    .map(({ path }) => path);
  expect(files.filter((path) => isTemporaryName(path.slice(path.lastIndexOf('/') + 1)))).toEqual(
    [],
  );
});

it('no token in a file outside the vaults, in output, in a command line or in an environment', async () => {
  const home = await openHome(backend, ['acc1', 'acc2']);
  const { box } = home;
  // Renewed in the session, so that there are tokens of every age.
  for (const account of ['acc1', 'acc2']) await box.writeVault(account, { expiresInSeconds: 60 });
  const seen: string[] = [];
  const watch = setInterval(() => seen.push(...listProcessTexts(home)), 20);
  const terminal = home.open();
  await handOff(terminal);
  seen.push(terminal.raw().toString());
  clearInterval(watch);
  for (const args of [
    ['exec', 'hello'],
    ['exec', '--json', 'hello'],
  ]) {
    const { stdout, stderr } = await box.run(home.codex, args);
    seen.push(stdout, stderr);
  }
  backend.account('acc1').turnsLeft = 0;
  backend.account('acc2').turnsLeft = 0;
  const exhausted = await box.run(home.codex, ['exec', 'hello']);
  seen.push(exhausted.stdout, exhausted.stderr);
  for (const args of [['status'], ['status', '--json'], ['current'], ['log'], ['log', '--json']]) {
    seen.push(await home.command(...args));
  }
  const doctor = await box.run(process.execPath, [
    new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname,
    'doctor',
  ]);
  seen.push(doctor.stdout, doctor.stderr);

  const secrets = secretsOf(backend.tokens.all());
  expect(secrets.length).toBeGreaterThan(6);
  const leaks = (text: string) => secrets.some((secret) => text.includes(secret));
  expect(seen.filter(leaks)).toEqual([]);
  expect(leaks(readFileSync(join(box.home, '.codex-acc1/auth.json'), 'utf8'))).toBe(true);
  const vault = /^\.codex-acc\d\/auth\.json(\.last-good)?$/;
  const leaky = listTree(box.home)
    .filter(({ kind, path }) => kind === 'file' && !vault.test(relative(box.home, path)))
    .filter(({ path }) => leaks(readFileSync(path, 'latin1')))
    .map(({ path }) => relative(box.home, path));
  expect(leaky).toEqual([]);
});

/** One turn under acc1, the next under acc2, and out. */
async function handOff(terminal: OuterTerminal): Promise<void> {
  backend.account('acc1').turnsLeft = 1;
  await ask(terminal, 'the first question');
  await terminal.waitForText(/answer \d+ from acc1/);
  await ask(terminal, 'the question too many');
  await terminal.waitForText(/answer \d+ from acc2/);
  expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
}

function expectPrivate({ box, paths }: OverlayHome): void {
  const ours = [
    join(paths.configFile, '..'),
    paths.stateDir,
    ...['acc1', 'acc2', 'acc3'].map((name) => join(box.home, `.codex-${name}`)),
  ];
  const open = ours
    .flatMap((directory) => [
      { path: directory, kind: 'directory' as const },
      ...listTree(directory),
    ])
    .filter(({ kind }) => kind !== 'link')
    // What Codex makes in an overlay is its own, and stands behind the overlay's mode.
    .filter(({ path }) => !/\/runtime\/slot-\d+\/./.test(path))
    .map(({ path, kind }) => ({ path, kind, mode: (lstatSync(path).mode & 0o777).toString(8) }))
    .filter(({ kind, mode }) => mode !== (kind === 'directory' ? '700' : '600'));
  expect(open).toEqual([]);
}

interface Entry {
  path: string;
  kind: 'file' | 'directory' | 'link' | 'other';
}

function listTree(directory: string): Entry[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry): Entry[] => {
    const path = join(directory, entry.name);
    if (entry.isSymbolicLink()) return [{ path, kind: 'link' }];
    if (entry.isDirectory()) return [{ path, kind: 'directory' }, ...listTree(path)];
    return [{ path, kind: entry.isFile() ? 'file' : 'other' }];
  });
}

/** Command lines and environments of everything that runs in there now. */
function listProcessTexts({ box }: OverlayHome): string[] {
  return findStrays(box.home).flatMap(({ pid }) =>
    ['cmdline', 'environ'].map((name) => {
      try {
        return readFileSync(`/proc/${pid}/${name}`, 'utf8');
      } catch {
        return '';
      }
    }),
  );
}

/** A JWT is recognised by its claims alone; its first and last part are the same in all of them here. */
function secretsOf(tokens: string[]): string[] {
  return tokens.map((token) => token.split('.')[1] ?? token);
}
