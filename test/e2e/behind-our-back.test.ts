import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import type { Backend } from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import { itSince, itWhere } from '../lab/playable.ts';
import { waitForNoStrays } from '../lab/strays.ts';
import { createSupervisedLab, quit, type Supervised } from '../lab/supervised.ts';

// What the real Codex does to our logins when it is used past us (facts 21, 22): a logout, and a
// login with a browser or a code, revoke the account and remove the *link* (the vault keeps dead tokens); a login with an
// API key, or of an IDE, is written *through* the link into the vault. In 0.130 every login is.
const revokesFirst = '0.144.0';
const WRITES_THROUGH = 'its login revokes nothing and is written through the link';

const COMMAND = join(import.meta.dirname, '../../dist/bin/codex-hotswap.js');

const { openLab, close } = createSupervisedLab();
afterEach(close);

async function openHome(config = '') {
  const lab = await openLab([{ name: 'acc1' }, { name: 'acc2' }], { config });
  lab.backend.addAccount({ name: 'acc3' });
  await lab.hotswap.command('use', 'acc1');
  return { ...lab, ...describeHome(lab.hotswap) };
}

function describeHome({ sandbox, command }: Supervised) {
  const path = (...parts: string[]) => join(sandbox.home, ...parts);
  const holder = (dir: string): string | undefined => {
    const file = path(dir, 'auth.json');
    if (!existsSync(file)) return undefined;
    const auth = JSON.parse(readFileSync(file, 'utf8'));
    return auth.tokens?.account_id?.replace('workspace-', '') ?? 'key';
  };
  return {
    path,
    /** Whose login a directory's auth.json is. */
    holder,
    shared: path('.codex/auth.json'),
    async states(): Promise<Record<string, string>> {
      const { targets } = JSON.parse(await command('status', '--json'));
      return Object.fromEntries(
        targets.map(({ name, state }: { name: string; state: string }) => [name, state]),
      );
    },
    orphans: () => {
      const dir = path('.local/state/codex-hotswap/orphans');
      return existsSync(dir) ? readdirSync(dir) : [];
    },
  };
}

/** `codex login` past the shim, with a code. */
function logInPlain(
  { sandbox }: Supervised,
  backend: Backend,
  account: string,
  env: Record<string, string> = {},
) {
  backend.expectLogin(account);
  const args = ['login', '--device-auth', '--experimental_issuer', backend.origin];
  return sandbox.run('codex', args, { env });
}

/** The same, up to the code that it waits for. */
async function beginLogin({ sandbox }: Supervised, backend: Backend) {
  const args = ['login', '--device-auth', '--experimental_issuer', backend.origin];
  const login = sandbox.run('codex', args, { timeoutMs: 60_000 });
  await expect.poll(() => backend.userCodes.length, { timeout: 15_000 }).toBe(1);
  return {
    async finish(account: string) {
      backend.expectLogin(account);
      expect((await login).status).toBe(0);
    },
  };
}

/** `codex-hotswap <args>`, whatever comes of it. */
function runCommand({ sandbox }: Supervised, ...args: string[]) {
  return sandbox.run(process.execPath, [COMMAND, ...args]);
}

/** Logins are told apart by the second. */
function aSecondLater(): Promise<void> {
  const second = () => Math.floor(Date.now() / 1000);
  const now = second();
  return expect.poll(second, { timeout: 5000 }).toBeGreaterThan(now);
}

/** What an IDE does: it asks its app-server for a login with a code, and waits until that is done. */
async function logInByIde({ sandbox }: Supervised, backend: Backend, account: string) {
  backend.expectLogin(account);
  const server = spawn(codexUnderTest.native, ['app-server'], {
    cwd: sandbox.work,
    env: {
      ...sandbox.env,
      CODEX_APP_SERVER_LOGIN_ISSUER: backend.origin,
      CODEX_APP_SERVER_LOGIN_CLIENT_ID: 'lab',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const closed = once(server, 'close');
  const send = (message: object) => server.stdin.write(`${JSON.stringify(message)}\n`);
  send({
    id: 1,
    method: 'initialize',
    params: { clientInfo: { name: 'lab', title: null, version: '1' } },
  });
  send({ method: 'initialized' });
  send({ id: 2, method: 'account/login/start', params: { type: 'chatgptDeviceCode' } });
  for await (const line of createInterface({ input: server.stdout })) {
    if (line.includes('"account/login/completed"')) break;
  }
  server.stdin.end();
  await closed;
}

describe('plain codex logs in past us', () => {
  const itRevokes = itSince(revokesFirst, WRITES_THROUGH);

  itRevokes(
    'as a stranger: the account it revoked needs a login, the new one stays and is offered',
    async () => {
      const { backend, hotswap, holder, shared, states } = await openHome();
      expect((await logInPlain(hotswap, backend, 'acc3')).status).toBe(0);
      expect(holder('.codex-acc1')).toBe('acc1'); // dead: revoked

      const run = await hotswap.sandbox.run(
        hotswap.commandLine()[0] as string,
        [...hotswap.commandLine().slice(1), 'exec', 'hello'],
        { timeoutMs: 60_000 },
      );
      expect(run.stderr).toContain('codex-hotswap login acc1');
      expect(run.stderr).toContain('the real Codex is logged in as acc3@example.com');
      expect(run.stderr).toContain('codex-hotswap import --as NAME');
      expect(run.status).toBe(0);
      expect(backend.turns().map(({ account }) => account)).toEqual(['acc2']);
      expect(await states()).toEqual({ acc1: 'marked', acc2: 'ready' });
      expect(lstatSync(shared).isFile()).toBe(true);
      expect(holder('.codex')).toBe('acc3');

      await hotswap.command('import', '--as', 'acc3');
      expect(await states()).toEqual({ acc1: 'marked', acc2: 'ready', acc3: 'ready' });
      expect(lstatSync(shared).isSymbolicLink()).toBe(true);
    },
  );

  itRevokes('as the same account: the vault has the new login, nothing else changes', async () => {
    const { backend, hotswap, path, shared, states, orphans } = await openHome();
    const before = readFileSync(path('.codex-acc1/auth.json'), 'utf8');
    await aSecondLater();
    await logInPlain(hotswap, backend, 'acc1');
    const plain = readFileSync(shared, 'utf8');
    expect(await states()).toEqual({ acc1: 'ready', acc2: 'ready' });
    expect(readFileSync(path('.codex-acc1/auth.json'), 'utf8')).toBe(plain);
    expect(readlinkSync(shared)).toBe(path('.codex-acc1/auth.json'));
    const [orphan] = orphans();
    const kept = path('.local/state/codex-hotswap/orphans', orphan as string);
    expect(readFileSync(kept, 'utf8')).toBe(before);
  });

  itRevokes('as another target: that one has the new login, the first needs one', async () => {
    const { backend, hotswap, path, holder, shared, states } = await openHome();
    await aSecondLater();
    await logInPlain(hotswap, backend, 'acc2');
    const plain = readFileSync(shared, 'utf8');
    expect(await states()).toEqual({ acc1: 'marked', acc2: 'ready' });
    expect(readFileSync(path('.codex-acc2/auth.json'), 'utf8')).toBe(plain);
    expect(readlinkSync(shared)).toBe(path('.codex-acc2/auth.json'));
    expect(holder('.codex-acc1')).toBe('acc1');
  });

  itRevokes('while it waits for the code, a handoff puts no link in its way', async () => {
    const { backend, hotswap, holder, shared, states } = await openHome();
    backend.account('acc1').turnsLeft = 0;
    const { finish } = await beginLogin(hotswap, backend);
    expect(existsSync(shared)).toBe(false);

    const terminal = hotswap.open(['hello']);
    await terminal.waitForText(/answer \d+ from acc2/, { timeoutMs: 45_000 });
    expect(existsSync(shared)).toBe(false);
    await finish('acc3');
    expect([holder('.codex'), holder('.codex-acc2')]).toEqual(['acc3', 'acc2']);
    await quit(terminal);
    expect(await states()).toEqual({ acc1: 'marked', acc2: 'ready' });
  });

  itRevokes('… nor does `use`: the new login is not written into that vault', async () => {
    const { backend, hotswap, path, holder, shared, states } = await openHome();
    const before = readFileSync(path('.codex-acc2/auth.json'), 'utf8');
    const { finish } = await beginLogin(hotswap, backend);
    const use = () => runCommand(hotswap, 'use', 'acc2');
    const told = await use();
    expect(told).toMatchObject({ status: 0, stdout: expect.stringContaining('start with acc2') });
    expect(told.stderr).toContain('when it has ended: codex-hotswap use acc2');
    expect(existsSync(shared)).toBe(false);
    await finish('acc3');
    expect(readFileSync(path('.codex-acc2/auth.json'), 'utf8')).toBe(before);
    expect([holder('.codex'), await states()]).toEqual(['acc3', { acc1: 'marked', acc2: 'ready' }]);
    await hotswap.command('import', '--as', 'acc3');
    await use();
    expect(readlinkSync(shared)).toBe(path('.codex-acc2/auth.json'));
    expect(holder('.codex-acc3')).toBe('acc3');
  });
});

describe('a login is written through the link', () => {
  it('an API key: kept as a target of its own, switched off; the link follows it', async () => {
    const { hotswap, path, holder, shared, states } = await openHome();
    const login = await hotswap.sandbox.run('codex', ['login', '--with-api-key'], {
      input: 'sk-lab-0123456789\n',
    });
    expect(login.status).toBe(0);
    expect(holder('.codex-acc1')).toBe('key');

    const told = await runCommand(hotswap, 'status');
    expect(told.stderr).toContain('kept as account login-2, switched off');
    expect(told.stderr).toContain('acc1 has its own login again');
    expect(told.stdout + told.stderr).not.toContain('sk-lab');
    // The key was written over it, and nothing was revoked: the last good copy works.
    expect(await states()).toEqual({ acc1: 'ready', acc2: 'ready', 'login-2': 'off' });
    expect([holder('.codex-login-2'), holder('.codex-acc1')]).toEqual(['key', 'acc1']);
    expect(readlinkSync(shared)).toBe(path('.codex-login-2/auth.json'));
    await hotswap.command('enable', 'login-2');
    expect((await states())['login-2']).toBe('ready');
  });

  // 0.144 and 0.150 have no way to send their app-server to another issuer than the real one; 0.130 logs in like an IDE.
  const writesThrough = !codexUnderTest.isAtLeast(revokesFirst);
  const logIn = writesThrough ? logInPlain : logInByIde;
  itWhere(
    writesThrough || codexUnderTest.isAtLeast('0.169.0'),
    'its app-server knows no issuer but the real one',
  )(
    'an IDE: kept under its own name; a target that has this account gets the newer of two',
    async () => {
      const { backend, hotswap, path, holder, shared, states } = await openHome();
      await hotswap.command('status'); // whose each vault is, is on record
      await logIn(hotswap, backend, 'acc3');
      expect(holder('.codex-acc1')).toBe('acc3');
      expect(await states()).toEqual({ acc1: 'ready', acc2: 'ready', acc3: 'off' });
      expect(readlinkSync(shared)).toBe(path('.codex-acc3/auth.json'));

      await aSecondLater();
      await hotswap.command('use', 'acc2');
      await logIn(hotswap, backend, 'acc3');
      const newer = readFileSync(path('.codex-acc2/auth.json'), 'utf8');
      expect(await states()).toEqual({ acc1: 'ready', acc2: 'ready', acc3: 'off' });
      expect(readFileSync(path('.codex-acc3/auth.json'), 'utf8')).toBe(newer);
      expect(backend.tokens.counts).toMatchObject({ reuses: 0, revocations: 0 });
    },
  );

  it('while a session uses that vault it is left there, unused, until the session ends', async () => {
    const { backend, hotswap, holder, states } = await openHome();
    const terminal = hotswap.open(['hello']);
    await terminal.waitForText(/answer \d+ from acc1/);
    await hotswap.sandbox.run('codex', ['login', '--with-api-key'], {
      input: 'sk-lab-0123456789\n',
    });
    expect(await states()).toEqual({ acc1: 'wrong-account', acc2: 'ready' });
    expect(holder('.codex-acc1')).toBe('key');
    // The running Codex has its own login in memory.
    await ask(terminal, 'again');
    await terminal.waitForText(/answer 2 from acc1/);
    expect((await quit(terminal)).status).toBe(0);
    expect(await states()).toEqual({ acc1: 'ready', acc2: 'ready', 'login-2': 'off' });
    expect(backend.tokens.counts).toMatchObject({ reuses: 0, revocations: 0 });
  });
});

describe('only the link is gone', () => {
  it.each(['status', 'exec'])(
    '%s puts it back, asks, and goes on under that account',
    async (who) => {
      const { backend, hotswap, path, shared, states } = await openHome();
      rmSync(shared);
      const [file = '', ...first] = hotswap.commandLine();
      const run = () =>
        who === 'exec'
          ? hotswap.sandbox.run(file, [...first, 'exec', 'hello'], { timeoutMs: 60_000 })
          : runCommand(hotswap, 'status');
      const { stderr, stdout } = await run();
      expect(stderr).toContain('so the link was put back');
      if (who === 'exec') expect(stdout).toContain('from acc1');
      expect(readlinkSync(shared)).toBe(path('.codex-acc1/auth.json'));
      expect(await states()).toEqual({ acc1: 'ready', acc2: 'ready' });
      expect(backend.tokens.counts).toMatchObject({ reuses: 0, revocations: 0 });
      expect((await run()).stderr).not.toContain('put back');
    },
  );

  it('another switcher copies its account over it: each account has its own login', async () => {
    const { hotswap, path, holder, shared, states } = await openHome();
    await hotswap.command('status');
    copyFileSync(path('.codex-acc2/auth.json'), path('acc2.json'));
    copyFileSync(path('acc2.json'), shared); // through the link
    expect(holder('.codex-acc1')).toBe('acc2');
    expect((await runCommand(hotswap, 'status')).stderr).toContain('acc1 has its own login again');
    expect([holder('.codex-acc1'), holder('.codex-acc2')]).toEqual(['acc1', 'acc2']);
    expect(await states()).toEqual({ acc1: 'ready', acc2: 'ready' });
  });

  it('CODEX_HOME is the vault: nothing is linked, and one line says so', async () => {
    const { hotswap, path, holder } = await openHome();
    const env = { CODEX_HOME: path('.codex-acc1') };
    const run = (...args: string[]) =>
      hotswap.sandbox.run(process.execPath, [COMMAND, ...args], { env });
    for (const words of [['use', 'acc2'], ['import'], ['rename', 'acc1', 'main']]) {
      const { stderr } = await run(...words);
      expect(stderr).toMatch(
        /^codex-hotswap: this Codex home \(.*\) is the directory of acc1's login.*\n$/,
      );
    }
    await run('status');
    expect(lstatSync(path('.codex-acc1/auth.json')).isFile()).toBe(true);
    expect(holder('.codex-acc1')).toBe('acc1');
  });
});

describe('a tool puts a file in the place of the link', () => {
  /** `jq . f > t && mv t f` */
  const formatAnew = (file: string) => {
    const text = `${JSON.stringify(JSON.parse(readFileSync(file, 'utf8')), null, 2)}\n`;
    rmSync(file);
    writeFileSync(file, text, { mode: 0o600 });
  };

  const logInAgain = (hotswap: Supervised, backend: Backend) => {
    backend.expectLogin('acc1');
    const args = ['acc1', '--device-auth', '--', '--experimental_issuer', backend.origin];
    return hotswap.command('login', ...args);
  };

  it('with the same login: that is no news, the link is back, and `use` reaches plain codex', async () => {
    const { backend, hotswap, path, shared, states, orphans } = await openHome();
    formatAnew(shared);
    expect((await runCommand(hotswap, 'status')).stderr).toBe('');
    expect(readlinkSync(shared)).toBe(path('.codex-acc1/auth.json'));
    formatAnew(shared);
    expect((await runCommand(hotswap, 'use', 'acc2')).stderr).toBe('');
    const [file = '', ...first] = hotswap.commandLine();
    formatAnew(shared);
    const run = await hotswap.sandbox.run(file, [...first, 'exec', 'hello'], { timeoutMs: 60_000 });
    expect(run.stderr).not.toMatch(/codex-hotswap: .*(login|logged in)/);
    expect(readlinkSync(shared)).toBe(path('.codex-acc2/auth.json'));
    expect(await states()).toEqual({ acc1: 'ready', acc2: 'ready' });
    expect(orphans()).toEqual([]);
    expect(backend.tokens.counts).toMatchObject({ reuses: 0, revocations: 0 });
  });

  it('with an old backup: one true line, once, and the newer login stays', async () => {
    const { backend, hotswap, path, shared, states } = await openHome();
    copyFileSync(path('.codex-acc1/auth.json'), path('backup.json'));
    await aSecondLater();
    await logInAgain(hotswap, backend);
    const vault = readFileSync(path('.codex-acc1/auth.json'), 'utf8');
    rmSync(shared);
    copyFileSync(path('backup.json'), shared);
    const { stderr } = await runCommand(hotswap, 'status');
    expect(stderr).toMatch(/^codex-hotswap: .*an older login of acc1.*was put back\n$/);
    expect((await runCommand(hotswap, 'status')).stderr).toBe('');
    expect(readFileSync(path('.codex-acc1/auth.json'), 'utf8')).toBe(vault);
    expect(await states()).toEqual({ acc1: 'ready', acc2: 'ready' });
  });

  it('in the overlay of a session: it goes on under the next account, and nothing is told', async () => {
    const { backend, hotswap, path, states, orphans } = await openHome();
    backend.account('acc1').turnsLeft = 1;
    const terminal = hotswap.open(['hello']);
    await terminal.waitForText(/answer \d+ from acc1/);
    formatAnew(path('.local/state/codex-hotswap/runtime/slot-1/auth.json'));
    await ask(terminal, 'again');
    await terminal.waitForText(/answer \d+ from acc2/, { timeoutMs: 30_000 });
    formatAnew(path('.local/state/codex-hotswap/runtime/slot-1/auth.json'));
    expect((await quit(terminal)).status).toBe(0);
    expect(await states()).toEqual({ acc1: 'marked', acc2: 'ready' });
    expect(hotswap.account('acc1').marks.map(({ kind }) => kind)).not.toContain('needs-login');
    expect(terminal.scrollback().join('')).not.toMatch(/left a|logged out|link to its login/);
    expect(orphans()).toEqual([]);
    expect(backend.tokens.counts).toMatchObject({ reuses: 0, revocations: 0 });
  });
});

describe('logged out', () => {
  it('past us: the account is passed over, and status and doctor say how to mend it', async () => {
    const { backend, hotswap, states } = await openHome();
    expect((await hotswap.sandbox.run('codex', ['logout'])).status).toBe(0);
    const terminal = hotswap.open(['hello']);
    await terminal.waitForText(/answer \d+ from acc2/);
    await quit(terminal);
    expect(backend.turns('acc1')).toEqual([]);
    expect(await states()).toEqual({ acc1: 'marked', acc2: 'ready' });
    expect(await hotswap.command('status')).toMatch(/acc1 .*codex-hotswap login acc1/);
  });

  it('by /logout in a session: one line says what that means and how to mend it', async () => {
    const { backend, hotswap, states } = await openHome();
    const terminal = hotswap.open(['hello']);
    await terminal.waitForText(/answer \d+ from acc1/);
    await waitForComposer(terminal);
    await terminal.submit('/logout');
    expect((await terminal.waitForExit()).status).toBe(0);
    expect(backend.tokens.counts.revocations).toBe(1);
    const said = terminal.scrollback().join('').replaceAll(/\s+/g, ' ');
    expect(said).toContain('acc1: it was logged out in this session');
    expect(said).toContain('codex-hotswap login acc1');

    expect(await states()).toEqual({ acc1: 'marked', acc2: 'ready' });
    const doctor = await runCommand(hotswap, 'doctor');
    expect(doctor.stdout).toContain('codex-hotswap login acc1');
    const next = hotswap.open(['hello']);
    await next.waitForText(/answer \d+ from acc2/);
    await quit(next);
  });

  it.each(['the next launch', 'doctor --fix'])(
    'in a session that was killed before it could tell: %s does',
    async (who) => {
      const { hotswap, path, states } = await openHome();
      const terminal = hotswap.open(['hello']);
      await terminal.waitForText(/answer \d+ from acc1/);
      const CODEX_HOME = path('.local/state/codex-hotswap/runtime/slot-1');
      const logout = await hotswap.sandbox.run('codex', ['logout'], { env: { CODEX_HOME } });
      expect(logout.status).toBe(0);
      process.kill(terminal.pid, 'SIGKILL');
      await terminal.waitForExit();
      expect(await waitForNoStrays(hotswap.sandbox.home, 20_000)).toBe(true);

      if (who === 'doctor --fix') await runCommand(hotswap, 'doctor', '--fix');
      else {
        const [file = '', ...first] = hotswap.commandLine();
        const run = await hotswap.sandbox.run(file, [...first, 'exec', 'hello']);
        expect(run.stderr).toContain('acc1 needs a new login');
        expect(run.stdout).toContain('from acc2');
      }
      expect(await states()).toEqual({ acc1: 'marked', acc2: 'ready' });
    },
  );

  const itRecords = itSince('0.150.0', 'the record does not tell why a turn failed');
  itRecords('by the service, in the middle of a session: it goes on under the next', async () => {
    const { backend, hotswap, states } = await openHome();
    const terminal = hotswap.open(['hello']);
    await terminal.waitForText(/answer \d+ from acc1/);
    backend.revokeAccount('acc1');
    await ask(terminal, 'again');
    await terminal.waitForText(/answer \d+ from acc2/, { timeoutMs: 30_000 });
    expect(hotswap.account('acc1').marks.map(({ kind }) => kind)).toEqual(['needs-login']);
    expect(await states()).toEqual({ acc1: 'marked', acc2: 'ready' });
    expect(await hotswap.command('status')).toMatch(/acc1 .*codex-hotswap login acc1/);
    await quit(terminal);
  });
});

it('no login is taken from a target while a session works under it', async () => {
  const { backend, hotswap, holder, path } = await openHome();
  const before = readFileSync(path('.codex-acc1/auth.json'), 'utf8');
  const terminal = hotswap.open(['hello']);
  await terminal.waitForText(/answer \d+ from acc1/);
  const logIn = (account: string, ...words: string[]) => {
    backend.expectLogin(account);
    const args = ['--device-auth', '--', '--experimental_issuer', backend.origin];
    return runCommand(hotswap, 'login', ...words, ...args);
  };
  const codes = backend.userCodes.length;
  const replaced = await logIn('acc3', 'acc1', '--replace-account');
  expect(replaced).toMatchObject({ status: 75, stdout: '' });
  expect(replaced.stderr).toMatch(/^codex-hotswap: a session runs under acc1.*\n$/);
  expect(backend.userCodes).toHaveLength(codes); // nobody has logged in for nothing

  await hotswap.command('setup', '--force', '--accounts', 'third');
  await logIn('acc1', 'third'); // as acc3: that approval was not used up above
  const moved = await logIn('acc1', 'acc2', '--move', '--replace-account');
  expect(moved.status).toBe(75);
  expect(moved.stderr).toContain('a session runs under acc1');
  expect(readFileSync(path('.codex-acc1/auth.json'), 'utf8')).toBe(before);
  expect([holder('.codex-acc2'), holder('.codex-third')]).toEqual(['acc2', 'acc3']);
  await ask(terminal, 'again');
  await terminal.waitForText(/answer 2 from acc1/);
  await quit(terminal);
});

const itInShell = itSince(revokesFirst, `${WRITES_THROUGH}, which stays until the session ends`);

itInShell(
  'a login made in a shell of a session becomes a target of its own, switched off',
  async () => {
    const { backend, hotswap, path, holder, states } = await openHome();
    const terminal = hotswap.open(['hello']);
    await terminal.waitForText(/answer \d+ from acc1/);
    const slot = path('.local/state/codex-hotswap/runtime/slot-1');
    expect((await logInPlain(hotswap, backend, 'acc3', { CODEX_HOME: slot })).status).toBe(0);
    await quit(terminal);
    const said = terminal.scrollback().join('').replaceAll(/\s+/g, ' ');
    expect(said).toContain('acc3@example.com; kept as account acc3, switched off');
    expect(await states()).toEqual({ acc1: 'marked', acc2: 'ready', acc3: 'off' });
    expect([holder('.codex-acc1'), holder('.codex-acc3')]).toEqual(['acc1', 'acc3']);
  },
);
