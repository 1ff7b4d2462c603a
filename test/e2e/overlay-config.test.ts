import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import { trustAllHooks, trustDirectory } from '../lab/dialogs.ts';
import { logInToMcp, type OauthMcp, startOauthMcp } from '../lab/oauth-mcp.ts';
import type { OuterTerminal } from '../lab/outer-terminal.ts';
import { createOverlayHomes, listNames, type OverlayHome } from '../lab/overlay-homes.ts';
import { describeSince } from '../lab/playable.ts';
import { quit } from '../lab/supervised.ts';

// What the user decides inside a supervised Codex is decided for good: it is in their own home afterwards.

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

describe('config.toml', () => {
  const COMMENT =
    '# my own words, and a table by hand\n[shell_environment_policy]\ninherit = "all"\n';
  let home: OverlayHome;
  let config: string;

  beforeEach(async () => {
    home = await openHome(backend, ['acc1']);
    config = join(home.box.codexHome, 'config.toml');
    appendFileSync(config, COMMENT);
  });

  it('has the model that was chosen in a session', async () => {
    const before = readFileSync(config, 'utf8');
    const terminal = home.open();
    await chooseModel(terminal, 2);
    await quit(terminal);
    const after = readFileSync(config, 'utf8');
    expect(after).toMatch(/^model = "gpt-/m);
    expectOnlyAdditions(before, after);
    expect(lstatSync(config).isFile()).toBe(true);
  });

  it('stays a link into the dotfiles of its owner, and they have the trust that was given', async () => {
    const { box } = home;
    const dotfiles = join(box.home, 'dotfiles');
    mkdirSync(dotfiles);
    renameSync(config, join(dotfiles, 'codex.toml'));
    symlinkSync('../dotfiles/codex.toml', config);
    const before = readFileSync(config, 'utf8');
    const elsewhere = join(box.home, 'elsewhere');
    mkdirSync(elsewhere);
    await box.run('git', ['init', '-q'], { cwd: elsewhere });

    const terminal = home.open([], { cwd: elsewhere });
    await trustDirectory(terminal, box);
    await waitForComposer(terminal);
    await quit(terminal);

    expect(readlinkSync(config)).toBe('../dotfiles/codex.toml');
    expect(listNames(dotfiles)).toEqual(['codex.toml']);
    const after = readFileSync(config, 'utf8');
    expect(after).toContain(`[projects.${JSON.stringify(elsewhere)}]\ntrust_level = "trusted"`);
    expectOnlyAdditions(before, after);

    // And it is not asked for again.
    const again = home.open([], { cwd: elsewhere });
    await waitForComposer(again);
    await quit(again);
  });
});

describeSince('0.150.0', 'measured from there on only')('hooks', () => {
  let home: OverlayHome;
  let config: string;
  let log: string;

  async function openHookHome(accounts: string[]): Promise<void> {
    home = await openHome(backend, accounts);
    log = join(home.box.home, 'hooks.log');
    config = join(home.box.codexHome, 'config.toml');
    appendFileSync(
      config,
      `\n[[hooks.SessionStart]]\n[[hooks.SessionStart.hooks]]\ntype = "command"\ncommand = "echo user >> ${log}"\n`,
    );
    mkdirSync(join(home.box.work, '.codex'));
    const hooks = [{ hooks: [{ type: 'command', command: `echo project >> ${log}` }] }];
    writeFileSync(
      join(home.box.work, '.codex', 'hooks.json'),
      JSON.stringify({ hooks: { SessionStart: hooks } }),
    );
    writeFileSync(log, '');
  }

  it('trusted without us run supervised, and nobody is asked', async () => {
    await openHookHome(['acc1']);
    const plain = home.openPlain();
    await trustAllHooks(plain, home.box);
    await askAndQuit(plain);
    const trusted = readFileSync(config, 'utf8');
    expect(hooksRun()).toEqual(['project', 'user']);

    const terminal = home.open();
    await askAndQuit(terminal);
    expect(hooksRun()).toEqual(['project', 'user']);
    expect(hookTables(readFileSync(config, 'utf8'))).toEqual(hookTables(trusted));
  });

  it('trusted inside a session are trusted everywhere, in the next account’s turn as well', async () => {
    backend.account('acc1').turnsLeft = 1;
    await openHookHome(['acc1', 'acc2']);
    const terminal = home.open();
    await trustAllHooks(terminal, home.box);
    await ask(terminal, 'hello');
    await terminal.waitForText(/answer \d+ from acc1/);
    await ask(terminal, 'once more');
    await terminal.waitForText(/answer \d+ from acc2/);
    await quit(terminal);
    expect(hooksRun()).toEqual(['project', 'project', 'user', 'user']);

    const text = readFileSync(config, 'utf8');
    expect(text).not.toContain(home.paths.runtimeDir);
    expect(hookTables(text)).toEqual([
      `${home.box.codexHome}/config.toml:session_start:0:0`,
      `${home.box.work}/.codex/hooks.json:session_start:0:0`,
    ]);
    for (const next of [home.openPlain(), home.open()]) {
      await askAndQuit(next);
      expect(hooksRun()).toEqual(['project', 'user']);
    }
  });

  function hooksRun(): string[] {
    const words = readFileSync(log, 'utf8').split('\n').filter(Boolean).sort();
    writeFileSync(log, '');
    return words;
  }
});

describe('logins of MCP servers', () => {
  const mcpServers: OauthMcp[] = [];
  afterEach(async () => {
    for (const server of mcpServers.splice(0)) await server.close();
  });

  it('work in a session; what Codex renews there is saved in the shared home', async () => {
    // A few seconds are within the margin in which Codex refreshes.
    const mcp = await startOauthMcp({ loginSeconds: 5 });
    mcpServers.push(mcp);
    const config = `mcp_oauth_credentials_store = "file"\n[mcp_servers.lab]\nurl = "${mcp.url}"\n`;
    const home = await openHome(backend, ['acc1'], { config });
    const { box, codex } = home;
    const credentials = join(box.codexHome, '.credentials.json');
    await logInToMcp('lab', { file: codex, env: box.env, cwd: box.work });
    const before = readFileSync(credentials, 'utf8');

    expect(await box.run(codex, ['exec', 'hello'])).toMatchObject({ status: 0 });
    expect(mcp.accepted).not.toEqual([]);
    expect(mcp.refreshes()).toBeGreaterThan(0);
    const after = readFileSync(credentials, 'utf8');
    expect(after).not.toBe(before);
    expect(after).toContain(mcp.accepted.at(-1));
    expect(statSync(credentials).mode & 0o777).toBe(0o600);
    // An idle overlay holds no login.
    const [slot] = home.slots() as [string];
    expect(existsSync(join(slot, '.credentials.json'))).toBe(false);

    // The renewed login serves plain Codex, a second session, and is gone after a logout.
    const renewals = mcp.refreshes();
    for (const file of [home.real, codex]) {
      const requests = mcp.accepted.length;
      expect((await box.run(file, ['exec', 'hello'])).status).toBe(0);
      expect(mcp.accepted.length).toBeGreaterThan(requests);
    }
    expect(mcp.refreshes()).toBe(renewals);
    expect((await box.run(codex, ['mcp', 'logout', 'lab'])).status).toBe(0);
    const requests = mcp.accepted.length;
    await box.run(codex, ['exec', 'hello']);
    expect(mcp.accepted).toHaveLength(requests);
  });
});

async function chooseModel(terminal: OuterTerminal, row: number): Promise<void> {
  // "Model selection is disabled until startup completes": a turn is proof that it has.
  await ask(terminal, 'hello');
  await terminal.waitForText(/answer \d+ from/);
  await ask(terminal, '/model');
  await terminal.waitForText('› 1.');
  terminal.press(...Array<string>(row - 1).fill('down'));
  await terminal.waitForText(`› ${row}.`);
  terminal.press('enter');
  await terminal.waitForText('Select Reasoning Level');
  terminal.press('enter');
  await terminal.waitForText('Model changed to');
}

async function askAndQuit(terminal: OuterTerminal): Promise<void> {
  await ask(terminal, 'hello');
  await terminal.waitForText(/answer \d+ from/);
  await quit(terminal);
  expect(terminal.scrollback().join('\n')).not.toContain('need review');
}

function hookTables(config: string): string[] {
  return [...config.matchAll(/^\[hooks\.state\."(.*)"\]$/gm)]
    .map(([, key]) => key as string)
    .sort();
}

/** Every line of before is in after, in order. */
function expectOnlyAdditions(before: string, after: string): void {
  const lines = after.split('\n');
  const lost = before.split('\n').filter((line) => {
    const at = lines.indexOf(line);
    if (at !== -1) lines.splice(0, at + 1);
    return at === -1;
  });
  expect(lost).toEqual([]);
}
