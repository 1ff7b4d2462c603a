import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { furnishSlot } from '../../src/overlay/furnish.ts';
import { leaseSlot } from '../../src/overlay/lease.ts';
import { ownIdentity } from '../../src/state/process-identity.ts';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import { readOurLines } from '../lab/our-lines.ts';
import { type OuterTerminal, openOuterTerminal } from '../lab/outer-terminal.ts';
import { createOverlayHomes, listNames, type OverlayHome } from '../lab/overlay-homes.ts';
import type { RunResult } from '../lab/sandbox.ts';
import { quit } from '../lab/supervised.ts';

// Whatever of ours is missing or broken: the real Codex runs all the same, and one line on stderr says why.

const REPO = fileURLToPath(new URL('../..', import.meta.url));
// A Codex that nobody supervises would leave its daemon behind (fact 98).
const ALONE = codexUnderTest.hasNoDaemon ? ['--no-daemon'] : [];

const { openHome, close } = createOverlayHomes();
let backend: Backend;
let home: OverlayHome;

beforeAll(async () => {
  backend = await startBackend({ accounts: [{ name: 'acc1' }] });
});
afterAll(() => backend.close());
beforeEach(async () => {
  home = await openHome(backend, ['acc1']);
});
afterEach(close);

interface Fault {
  name: string;
  /** Breaks it; returns what the environment of the run has beyond the sandbox's. */
  cause(): Record<string, string> | undefined;
  says: RegExp;
}

const FAULTS: Fault[] = [
  {
    name: 'not set up',
    cause: () => void rmSync(home.paths.configFile),
    says: /no accounts are set up yet; run: codex-hotswap setup; running codex unsupervised$/,
  },
  {
    name: 'a configuration that is no JSON',
    cause: () => void writeFileSync(home.paths.configFile, '{ "version": 1,'),
    says: /config\.json: .*; correct it by hand, or start anew with: codex-hotswap setup --force; running/,
  },
  {
    name: 'a configuration of the wrong shape',
    cause: () => void writeFileSync(home.paths.configFile, '{"version":1,"targets":"acc1"}'),
    says: /config\.json: targets must be a list, but is "acc1"; correct it/,
  },
  {
    name: 'no account logged in',
    cause: () => {
      // Codex itself is, as before hotswap.
      const shared = join(home.box.codexHome, 'auth.json');
      rmSync(shared);
      renameSync(join(home.box.home, '.codex-acc1/auth.json'), shared);
      return undefined;
    },
    says: /no account can be used.*; run: codex-hotswap login acc1; running/,
  },
  {
    name: 'a vault that others may read',
    cause: () => void chmodSync(join(home.box.home, '.codex-acc1/auth.json'), 0o644),
    says: /no account can be used.*acc1.*can be read by other users.*; running/,
  },
  {
    name: 'no overlay left',
    cause: () => {
      for (let taken = 0; taken < 64; taken++) {
        leaseSlot(home.paths, home.paths.sharedHome, ownIdentity());
      }
      return undefined;
    },
    says: /all 64 directories for sessions in .* are in use; end a running codex.*; running/,
  },
  {
    name: 'a state directory that cannot be made',
    cause: () => ({ XDG_STATE_HOME: '/proc/1' }),
    says: /\/proc\/1\/codex-hotswap.*; running/,
  },
  {
    name: 'a file in the place of the state directory',
    cause: () => {
      rmSync(home.paths.stateDir, { recursive: true });
      writeFileSync(home.paths.stateDir, '');
      return undefined;
    },
    says: /codex-hotswap.*; running/,
  },
  {
    name: 'a state directory of somebody else',
    cause: () => void mkdirSync(home.paths.runtimeDir, { recursive: true }),
    says: /belongs to|owned by|of another user/,
  },
];

describe.each(FAULTS)('$name', ({ name, cause, says }) => {
  const isForRoot = name.includes('somebody else');
  it.skipIf(isForRoot && process.getuid?.() !== 0)('codex exec runs', async () => {
    const env = cause() ?? {};
    if (isForRoot) await home.box.run('chown', ['12345', home.paths.runtimeDir]);
    const ran = await home.box.run(home.codex, ['exec', 'hello'], { env });
    expectAlone(ran, says);
    expect(ran.stdout).toMatch(/^answer \d+ from acc1\n$/);
  });
});

// Without its one account plain Codex asks for a login.
const LOGGED_IN = FAULTS.filter(({ name }) =>
  /^(not set up|no overlay|a state directory that)/.test(name),
);
describe.each(LOGGED_IN)('$name', ({ cause, says }) => {
  it('codex runs in the terminal', async () => {
    const env = { ...home.box.env, ...cause() };
    await expectSessionAlone(home.open(ALONE, { env, columns: 250 }), says);
  });
});

describe('an installation', () => {
  let install: string;

  beforeEach(async () => {
    // Not below this repository: a module that is missing would be found in its node_modules.
    install = mkdtempSync(join(tmpdir(), 'codex-hotswap-install-'));
    for (const part of ['dist', 'shim', 'package.json']) {
      cpSync(join(REPO, part), join(install, part), { recursive: true });
    }
    for (const module of ['node-pty', '@lydell']) {
      cpSync(join(REPO, 'node_modules', module), join(install, 'node_modules', module), {
        recursive: true,
        dereference: true,
      });
    }
    const cli = join(install, 'dist/bin/codex-hotswap.js');
    const shim = ['install-shim', '--shim-path', home.codex];
    expect((await home.box.run(process.execPath, [cli, ...shim])).status).toBe(0);
  });

  afterEach(() => rmSync(install, { recursive: true, force: true }));

  it('that is whole supervises', async () => {
    const terminal = home.open();
    await ask(terminal, 'hello');
    await terminal.waitForText(/answer \d+ from acc1/);
    await quit(terminal);
    expect(home.slots()).toHaveLength(1);
  });

  it.each([
    [
      'node-pty',
      'node_modules/node-pty',
      /node-pty cannot be loaded.*; install codex-hotswap again/,
    ],
    ['the binary of node-pty', 'node_modules/@lydell', /node-pty cannot be loaded/],
    ['the monitor', 'shim/monitor', /monitor/],
  ])(
    'without %s: the terminal is the real Codex’s, and exec goes on as ever',
    async (_, part, says) => {
      rmSync(join(install, part), { recursive: true });
      await expectSessionAlone(home.open(ALONE, { columns: 250 }), says);
      const slots = home.slots();
      const ran = await home.box.run(home.codex, ['exec', 'hello']);
      expect(ran).toMatchObject({ status: 0, stdout: expect.stringMatching(/^answer \d+ from/) });
      expect(ran.stderr).not.toContain('codex-hotswap');
      expect(home.slots().length).toBeGreaterThanOrEqual(slots.length);
    },
  );

  it.runIf(process.platform === 'linux')(
    'on musl leaves the terminal to the real Codex',
    async () => {
      // The code looks for musl's loader among what is mapped into the process: any library of that name will do.
      const { sharedObjects } = process.report.getReport() as { sharedObjects: string[] };
      const library = sharedObjects.find((path) => /libdl[.-]/.test(path)) as string;
      const preload = join(home.box.home, 'ld-musl-x86_64.so.1');
      cpSync(library, preload, { dereference: true });
      const env = { ...home.box.env, LD_PRELOAD: preload };
      await expectSessionAlone(home.open(ALONE, { env, columns: 250 }), /musl/);
    },
  );

  it.each([
    ['dist', 'dist', /dist\/bin\/launch\.js is gone; reinstall codex-hotswap or delete/],
    ['the launcher', 'dist/launch', /running codex unsupervised: /],
  ])('without %s: the real Codex', async (_, part, says) => {
    rmSync(join(install, part), { recursive: true });
    expectAlone(await home.box.run(home.codex, ['exec', 'hello']), says);
    await expectSessionAlone(home.open(ALONE, { columns: 250 }), says);
  });

  it('with a node that is gone finds another on PATH, and without any the real Codex runs', async () => {
    const shim = readFileSync(home.codex, 'utf8').replace(/^node=.*$/m, "node='/nowhere/node'");
    // The shim also looks in the usual places, and this machine may have a node there: only those in HOME are left.
    const placed = shim.replace(/^( *for dir in "\$HOME".*?) \/.*(; do)$/m, '$1$2');
    expect(placed).not.toBe(shim);
    writeFileSync(home.codex, placed);
    await home.box.run(home.codex, ['exec', 'hello']);
    expect(home.slots()).toHaveLength(1);

    rmSync(join(home.box.realBin, 'node'));
    rmSync(home.real);
    await home.box.run('ln', ['-s', codexUnderTest.native, home.real]);
    const PATH = [home.box.bin, home.box.realBin].join(':');
    const ran = await home.box.run(home.codex, ['exec', 'hello'], { env: { PATH } });
    expectAlone(ran, /node is gone; reinstall/, ['slot-1']);
  });
});

describe('switched off', () => {
  it('CODEX_HOTSWAP_BYPASS=1 is the real Codex, without a word', async () => {
    const env = { CODEX_HOTSWAP_BYPASS: '1' };
    const ran = await home.box.run(home.codex, ['exec', 'hello'], { env });
    expect(ran).toMatchObject({ status: 0 });
    expect(ran.stderr).not.toContain('codex-hotswap');
    expect(home.slots()).toEqual([]);
  });

  it('disable holds for the shim until enable; codex-hot supervises all the same', async () => {
    await home.command('disable');
    const ran = await home.box.run(home.codex, ['exec', 'hello']);
    expect(ran).toMatchObject({ status: 0 });
    expect(ran.stderr).not.toContain('codex-hotswap');
    expect(home.slots()).toEqual([]);

    const hot = join(REPO, 'dist/bin/codex-hot.js');
    const terminal = home.open([], { file: process.execPath, args: [hot] });
    await ask(terminal, 'hello');
    await terminal.waitForText(/answer \d+ from acc1/);
    await quit(terminal);
    expect(home.slots()).toHaveLength(1);
    const exec = await home.box.run(process.execPath, [hot, 'exec', 'hello']);
    expect(exec).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^answer \d+ from acc1\n$/),
    });

    await home.command('enable');
    await home.box.run(home.codex, ['exec', 'hello']);
    expect(home.events().filter(({ type }) => type === 'launch')).toHaveLength(3);
  });
});

describe('broken state is set aside, and the session goes on supervised', () => {
  it.each(['accounts/acc1.json', 'current.json'])('%s', async (name) => {
    await home.box.run(home.codex, ['exec', 'hello']);
    const file = join(home.paths.stateDir, name);
    expect(existsSync(file)).toBe(true);
    writeFileSync(file, '{ "version": 1, "marks": [');
    const ran = await home.box.run(home.codex, ['exec', 'hello']);
    expect(ran).toMatchObject({ status: 0 });
    expect(ourLines(ran.stderr)).toHaveLength(1);
    expect(ourLines(ran.stderr)[0]).toMatch(/ is not valid JSON; it was kept as .*\.broken-/);
    const [kept] = listNames(dirname(file)).filter((other) => other.includes('.broken-'));
    expect(readFileSync(join(dirname(file), kept as string), 'utf8')).toContain('"marks": [');
    const launches = home.events().filter(({ type }) => type === 'launch');
    expect(launches).toHaveLength(2);
  });

  it.each([
    ['events.jsonl', []],
    ['codex', []],
    // What a session is on record with tells whose limits its threads have used: it is told, once, at the end.
    ['sessions', [expect.stringMatching(/could not be saved: this session; .* \(ENOTDIR\)/)]],
  ])('%s cannot be written: the session is as always', async (name, lines) => {
    await home.box.run(home.codex, ['exec', 'hello']);
    const path = join(home.paths.stateDir, name);
    rmSync(path, { recursive: true, force: true });
    // A directory in the place of a file, a file in the place of a directory.
    if (name.includes('.')) mkdirSync(path);
    else writeFileSync(path, '');
    const ran = await home.box.run(home.codex, ['exec', 'hello']);
    expect(ran).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^answer \d+ from acc1\n$/),
    });
    expect(ourLines(ran.stderr)).toEqual(lines);
    const terminal = home.open();
    await ask(terminal, 'hello');
    await terminal.waitForText(/answer \d+ from acc1/);
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
  });

  it('a lease that a power cut emptied is nobody’s', async () => {
    const slot = leaseSlot(home.paths, home.paths.sharedHome, ownIdentity());
    furnishSlot(slot);
    writeFileSync(join(slot.side, `lease.${slot.leaseNumber}`), '');
    const ran = await home.box.run(home.codex, ['exec', 'hello']);
    expect(ran).toMatchObject({ status: 0 });
    expect(home.slots()).toEqual([slot.home]);
  });
});

describe('no codex to run', () => {
  it.each([
    {
      name: 'none on PATH',
      status: 127,
      breakIt: () => rmSync(home.real),
      says: /no codex on PATH.*install it/,
    },
    {
      name: 'one that may not be executed',
      status: 126,
      breakIt: () => {
        rmSync(home.real);
        writeFileSync(home.real, 'no program');
      },
      says: /may not be executed.*chmod \+x/,
    },
  ])('$name: $status', async ({ status, breakIt, says }) => {
    breakIt();
    for (const args of [[], ['exec', 'hello'], ['--version']]) {
      const ran = await home.box.run(home.codex, args);
      expect(ran).toMatchObject({ status, stdout: '' });
      expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(ran.stderr).toMatch(says);
    }
    const hot = join(REPO, 'dist/bin/codex-hot.js');
    const ran = await home.box.run(process.execPath, [hot, 'exec', 'hello']);
    expect(ran.status).toBe(status);
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('one that cannot be executed after all ends as the shell says', async () => {
    rmSync(home.real);
    writeFileSync(home.real, '#!/nowhere/interpreter\n', { mode: 0o755 });
    const bare = await home.box.run('sh', ['-c', `exec "${home.real}"`]);
    const ran = await home.box.run(home.codex, ['exec', 'hello']);
    expect(ran.status).toBe(bare.status);
    expect(ourLines(ran.stderr).length).toBeLessThanOrEqual(1);
  });

  it('a working directory that is gone', async () => {
    const gone = join(home.box.home, 'gone');
    const line = `cd "${gone}" && mv "${gone}" "${gone}.moved" && rmdir "${gone}.moved" && exec "$0" exec hello`;
    mkdirSync(gone);
    const bare = await home.box.run('sh', ['-c', line, home.real]);
    mkdirSync(gone);
    const ran = await home.box.run('sh', ['-c', line, home.codex]);
    expect(ran.status).toBe(bare.status);
    expect(ran.stderr).not.toMatch(/at .*\(.*:\d+:\d+\)/);
  });
});

/** The real Codex ran on the shared home, and we said one line. */
function expectAlone(ran: RunResult, says: RegExp, slots: string[] = []): void {
  expect(ran.status).toBe(0);
  expect(ran.stdout).toMatch(/^answer \d+ from acc1\n$/);
  expect(ourLines(ran.stderr)).toHaveLength(1);
  expect(ourLines(ran.stderr)[0]).toMatch(says);
  expect(ran.stderr).not.toMatch(/at .*\(.*:\d+:\d+\)/);
  expect(home.events().filter(({ type }) => type === 'launch')).toHaveLength(slots.length);
}

/** The same in a terminal: the line, then a session that can be used and ends as it should. */
async function expectSessionAlone(terminal: OuterTerminal, says: RegExp): Promise<void> {
  await waitForComposer(terminal);
  const shown = readOurLines(terminal);
  expect(shown).toHaveLength(1);
  expect(shown[0]).toMatch(says);
  await ask(terminal, 'hello');
  await terminal.waitForText(/answer \d+ from acc1/);
  expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
  expect(readSettings(terminal)).toBe(await readFreshSettings());
}

/** Those of a terminal in which nothing has run: Codex may be raw before anybody can look. */
async function readFreshSettings(): Promise<string> {
  const fresh = openOuterTerminal({ file: 'cat', env: home.box.env, cwd: home.box.work });
  const settings = readSettings(fresh);
  await fresh.dispose();
  return settings;
}

/** But for the first line, which has the size. */
function readSettings(terminal: OuterTerminal): string {
  return terminal.stty().replace(/^.*\n/, '');
}

function ourLines(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line.startsWith('codex-hotswap'));
}
