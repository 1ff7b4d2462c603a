import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import { createOverlayHomes } from '../lab/overlay-homes.ts';
import { quit } from '../lab/supervised.ts';

// What a session has started, and which outlives it: an editor, tmux, a server.

const { openHome, close } = createOverlayHomes();
let backend: Backend;

beforeAll(async () => {
  backend = await startBackend({ accounts: [{ name: 'acc1' }, { name: 'acc2' }] });
});
afterAll(() => backend.close());
afterEach(close);

it('has the shared home from the model’s shell, beside what the user sets for it', async () => {
  const config = 'shell_environment_policy.set = { FOO = "theirs" }';
  const home = await openHome(backend, ['acc1'], { config });
  const seen = join(home.box.work, 'seen');
  backend.enqueue([
    { calls: [{ kind: 'shell', command: `echo "$CODEX_HOME $FOO" > ${seen}` }] },
    { text: 'done' },
  ]);
  const args = ['exec', '-s', 'danger-full-access', 'hello'];
  expect((await home.box.run(home.codex, args)).status).toBe(0);
  expect(readFileSync(seen, 'utf8')).toBe(`${home.box.codexHome} theirs\n`);
});

it('has it from a command that the user types into the TUI', async () => {
  const home = await openHome(backend, ['acc1']);
  const terminal = home.open();
  await waitForComposer(terminal);
  terminal.type('!');
  await terminal.waitUntil(
    () => terminal.screen().some((row) => row.startsWith('!') || row.includes('Shell mode')),
    'the mode for commands',
  );
  terminal.type('echo "it is <$CODEX_HOME>"');
  await terminal.waitForText(/CODEX_HOME>"/);
  terminal.press('enter');
  await terminal.waitForText(`it is <${home.box.codexHome}>`.slice(0, 40));
  await ask(terminal, 'hello');
  await terminal.waitForText(/from acc1/);
  expect((await quit(terminal)).status).toBe(0);
});

it('works as plain codex in an overlay that was given back, also when it refreshes a token', async () => {
  const home = await openHome(backend, ['acc1', 'acc2']);
  const { box } = home;
  expect((await box.run(home.codex, ['exec', 'hello'])).stdout).toContain('from acc1');
  const [slot] = home.slots() as [string];
  await home.command('use', 'acc2');
  const vault = await box.writeVault('acc2', { expiresInSeconds: 60 });
  const before = readFileSync(vault, 'utf8');
  const env = { CODEX_HOME: slot, CODEX_SQLITE_HOME: box.codexHome };
  const ran = await box.run(home.real, ['exec', 'hello'], { env });
  expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining('from acc2') });
  // Up to 0.130 Codex refreshes when it has ended, if at all: the links matter in any case.
  expect(readlinkSync(join(slot, 'auth.json'))).toBe(join(box.codexHome, 'auth.json'));
  expect(readlinkSync(join(box.codexHome, 'auth.json'))).toBe(vault);
  expect(backend.tokens.counts.reuses).toBe(0);
  if (backend.tokens.counts.refreshes > 0) expect(readFileSync(vault, 'utf8')).not.toBe(before);
});
