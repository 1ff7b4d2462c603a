import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { makeLoginSandbox } from '../lab/codex-with-issuer.ts';
import { type OuterTerminal, openOuterTerminal } from '../lab/outer-terminal.ts';
import type { Sandbox } from '../lab/sandbox.ts';

const COMMAND = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;

let backend: Backend;
let box: Sandbox;
const terminals: OuterTerminal[] = [];

beforeEach(async () => {
  backend = await startBackend({
    accounts: [{ name: 'acc1' }, { name: 'acc2' }, { name: 'acc3' }],
  });
  box = await makeLoginSandbox({ backend, login: 'acc1' });
  box.env.PATH = `${join(box.home, '.local/share/codex-hotswap/bin')}:${box.env.PATH}`;
});
afterEach(async () => {
  for (const terminal of terminals.splice(0)) await terminal.dispose();
  await box.dispose();
  await backend.close();
});

function open(file: string, args: string[]): OuterTerminal {
  const { env, work: cwd } = box;
  const terminal = openOuterTerminal({ file, args, env, cwd, columns: 110, rows: 40 });
  terminals.push(terminal);
  return terminal;
}

const openWizard = () => open(process.execPath, [COMMAND, 'setup']);

/** Answers a question with what is proposed, or with keys before Enter. */
async function answer(terminal: OuterTerminal, question: RegExp, ...keys: string[]) {
  await terminal.waitForText(question, { scrollback: true });
  for (const key of keys) {
    if (key === 'down') terminal.press(key);
    else terminal.type(key);
  }
  terminal.press('enter');
}

const vaultOf = (name: string) =>
  JSON.parse(readFileSync(join(box.home, `.codex-${name}/auth.json`), 'utf8'));

test('the login that is there, a second one, the shim, doctor', async () => {
  const wizard = openWizard();
  await answer(wizard, /logged in as acc1@example\.com\. Add it/);
  await answer(wizard, /What shall it be called/);
  await answer(wizard, /How many more accounts/);
  await answer(wizard, /What shall account 1 of 1 be called/, 'work');
  backend.expectLogin('acc2');
  await answer(wizard, /Log in to work \(1 of 1\)/, 'down');
  await wizard.waitForText('work is now logged in as acc2@example.com', { scrollback: true });
  await answer(wizard, /Let `codex` continue/);
  await wizard.waitForText('doctor status: ok', { scrollback: true });
  expect(await wizard.waitForExit()).toEqual({ status: 0, signal: 0 });

  expect(vaultOf('main').tokens.account_id).toBe('workspace-acc1');
  expect(vaultOf('work').tokens.account_id).toBe('workspace-acc2');
  expect(lstatSync(join(box.codexHome, 'auth.json')).isSymbolicLink()).toBe(true);
  expect(backend.tokens.counts.revocations).toBe(0);
});

test('left at every step and run again, it goes on where it was', async () => {
  const first = openWizard();
  await first.waitForText(/Add it as an account/);
  first.press('ctrl-c');
  expect((await first.waitForExit()).status).toBe(130);

  const second = openWizard();
  await answer(second, /Add it as an account/);
  await answer(second, /What shall it be called/);
  await second.waitForText(/How many more accounts/);
  second.hangUp();
  await second.waitForExit();

  const third = openWizard();
  await answer(third, /You have main\.[\s\S]*How many more accounts/);
  await answer(third, /What shall account 1 of 1/);
  await third.waitForText(/Log in to acc1/);
  third.press('ctrl-c');
  expect((await third.waitForExit()).status).toBe(130);

  const fourth = openWizard();
  await answer(fourth, /You have main, acc1\.[\s\S]*How many more accounts/);
  await answer(fourth, /Log in to acc1 \(1 of 1\)/, 'down');
  await fourth.waitForText(/LAB-00001/, { scrollback: true }); // Codex waits for the approval
  fourth.press('ctrl-c');
  await fourth.waitForText(/nothing was changed/, { scrollback: true });
  backend.expectLogin('acc2');
  await answer(fourth, /nothing was changed[\s\S]*Log in to acc1 \(1 of 1\)/, 'down');
  await fourth.waitForText('acc1 is now logged in as acc2@example.com', { scrollback: true });
  fourth.signal('SIGKILL');
  await fourth.waitForExit();

  const fifth = openWizard();
  await answer(fifth, /How many more accounts/);
  await answer(fifth, /Let `codex` continue/);
  await fifth.waitForText('doctor status: ok', { scrollback: true });
  expect((await fifth.waitForExit()).status).toBe(0);
  expect(backend.tokens.counts.revocations).toBe(0);
});

test('codex login, typed by habit, lands in the vault of its account; codex logout asks', async () => {
  await box.run(process.execPath, [COMMAND, 'import', '--as', 'main']);
  await box.run(process.execPath, [COMMAND, 'install-shim']);
  backend.expectLogin('acc1');
  const before = vaultOf('main');
  const known = open('/usr/bin/env', ['codex', 'login', '--device-auth']);
  await known.waitForText('main is logged in again as acc1@example.com', { scrollback: true });
  expect((await known.waitForExit()).status).toBe(0);
  // Said before the browser opens.
  const said = known.raw().toString();
  expect(said.indexOf('logging in for main (current, acc1@example.com)')).toBe(0);
  expect(vaultOf('main').tokens.refresh_token).not.toBe(before.tokens.refresh_token);

  backend.expectLogin('acc3');
  const unknown = open('/usr/bin/env', ['codex', 'login', '--device-auth']);
  await answer(unknown, /What shall acc3@example\.com be called/, 'third');
  await unknown.waitForText('to change that: codex-hotswap use third', { scrollback: true });
  await unknown.waitForExit();
  expect(vaultOf('third').tokens.account_id).toBe('workspace-acc3');

  const logout = open('/usr/bin/env', ['codex', 'logout']);
  await answer(logout, /Which account shall be forgotten/, 'down', 'down');
  await logout.waitForText('third is forgotten', { scrollback: true });
  await logout.waitForExit();
  expect(existsSync(join(box.home, '.codex-third'))).toBe(false);
  expect(backend.tokens.counts.revocations).toBe(0);

  const status = await box.run('codex', ['login', 'status']);
  expect(status.stdout + status.stderr).toContain('Logged in using ChatGPT');
  for (const word of ['login', 'logout']) {
    const piped = await box.run('codex', [word]);
    expect(piped.status).toBe(2);
    expect(piped.stderr).toContain(
      `codex-hotswap ${word === 'login' ? 'login' : 'remove'} <account>`,
    );
  }
});

test('a new account whose name is not given is kept', async () => {
  await box.run(process.execPath, [COMMAND, 'import', '--as', 'main']);
  await box.run(process.execPath, [COMMAND, 'install-shim']);
  backend.expectLogin('acc2');
  const login = open('/usr/bin/env', ['codex', 'login', '--device-auth']);
  await login.waitForText(/What shall acc2@example\.com be called/);
  login.press('ctrl-c');
  await login.waitForExit();
  const command = /codex-hotswap import (\S+)\s*--as/.exec(
    login.scrollback().join('').replaceAll('\n', ''),
  );
  const kept = command?.[1] as string;
  const ran = await box.run(process.execPath, [COMMAND, 'import', kept, '--as', 'second']);
  expect(ran.stdout).toBe('second is acc2@example.com\n');
});

test('a yes adds the line that was shown, and switches on what was off; setup again asks for neither', async () => {
  await box.run(process.execPath, [COMMAND, 'import', '--as', 'main']);
  await box.run(process.execPath, [COMMAND, 'disable']);
  const reached = box.env.PATH;
  box.env.PATH = (reached as string).split(':').slice(1).join(':');
  const line = `export PATH="$HOME/.local/share/codex-hotswap/bin:$PATH"`;
  const bashrc = join(box.home, '.bashrc');
  const flag = join(box.home, '.local/state/codex-hotswap/disabled');
  expect(existsSync(flag)).toBe(true);

  const wizard = openWizard();
  await answer(wizard, /How many more accounts/, '0');
  await answer(wizard, /Let `codex` continue/);
  await wizard.waitForText(/Add the line to ~\/\.bashrc/, { scrollback: true });
  const shown = wizard.scrollback().join('\n');
  expect(shown).toContain(line);
  expect(existsSync(bashrc) && readFileSync(bashrc, 'utf8').includes(line)).toBe(false);
  expect(existsSync(flag)).toBe(false);
  wizard.press('enter');
  await wizard.waitForText(/added to ~\/\.bashrc/, { scrollback: true });
  await wizard.waitForText('Now open a new shell, and type codex as always.', { scrollback: true });
  expect((await wizard.waitForExit()).status).toBe(0);
  expect(readFileSync(bashrc, 'utf8')).toContain(line);

  box.env.PATH = reached as string;
  const again = openWizard();
  await answer(again, /How many more accounts/, '0');
  await again.waitForText('doctor status: ok', { scrollback: true });
  expect((await again.waitForExit()).status).toBe(0);
  expect(again.scrollback().join('\n')).not.toMatch(/Let `codex`|Add the line/);
});
