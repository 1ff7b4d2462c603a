import { readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import { createOverlayHomes, listNames, type OverlayHome } from '../lab/overlay-homes.ts';
import { findStrays, isLauncher, waitForNoStrays } from '../lab/strays.ts';
import { quit } from '../lab/supervised.ts';

// Who uses which overlay, with real Codex processes and their supervisors.

const { openHome, close } = createOverlayHomes();
let backend: Backend;

beforeAll(async () => {
  backend = await startBackend({ accounts: [{ name: 'acc1' }, { name: 'acc2' }] });
});
afterAll(() => backend.close());
afterEach(close);

it('launches at the same time never share an overlay, and come back to the same few', async () => {
  const home = await openHome(backend, ['acc1']);
  const together = 6;
  // The first run makes the databases: Codex itself does not survive two that do so at once.
  await home.box.run(home.codex, ['exec', 'first']);
  const earlier = home.events().filter(({ type }) => type === 'launch').length;

  const everyoneAsked = holdAnswers(together);
  const runs = Array.from({ length: together }, (_, index) =>
    home.box.run(home.codex, ['exec', `question ${index}`]),
  );
  await everyoneAsked;
  const launches = home.events().flatMap((event) => (event.type === 'launch' ? [event.slot] : []));
  expect(launches.slice(earlier).sort()).toEqual([1, 2, 3, 4, 5, 6]);
  for (const run of await Promise.all(runs)) expect(run.status).toBe(0);

  await home.box.run(home.codex, ['exec', 'alone again']);
  expect(home.events().findLast(({ type }) => type === 'launch')).toMatchObject({ slot: 1 });
  expect(home.slots()).toHaveLength(together);
});

describe('a supervisor that was killed', () => {
  it('leaves an overlay that the next launch takes over, with all that is in it', async () => {
    const home = await openHome(backend, ['acc1', 'acc2']);
    const { box } = home;
    const config = join(box.codexHome, 'config.toml');
    const first = home.open();
    await waitForComposer(first);
    const pid = supervisorOf(home);
    process.kill(pid, 'SIGKILL');
    expect(await waitForNoStrays(box.home, 10_000)).toBe(true);

    // As Codex might have left them: a new file, a link that was replaced, a login made inside.
    const [slot] = home.slots() as [string];
    writeFileSync(join(slot, 'AGENTS.md'), 'be brief\n');
    rmSync(join(slot, 'config.toml'));
    const edited = `hide_agent_reasoning = true\n${readFileSync(config, 'utf8')}`;
    writeFileSync(join(slot, 'config.toml'), edited);
    const fresh = {
      ...backend.forgeAuth('acc2'),
      last_refresh: new Date(Date.now() + 60_000).toISOString(),
    };
    rmSync(join(slot, 'auth.json'));
    writeFileSync(join(slot, 'auth.json'), JSON.stringify(fresh));

    const ran = await box.run(home.codex, ['exec', 'hello']);
    // The link is gone, as after a logout; the service was asked, and it still takes acc1's login.
    expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining('from acc1') });
    expect(home.slots()[0]).toBe(slot); // the question had another
    expect(readFileSync(join(box.codexHome, 'AGENTS.md'), 'utf8')).toBe('be brief\n');
    expect(readlinkSync(join(slot, 'AGENTS.md'))).toBe(join(box.codexHome, 'AGENTS.md'));
    expect(readFileSync(config, 'utf8')).toBe(edited);
    expect(listNames(box.codexHome).filter((name) => /^config.*backup/.test(name))).toHaveLength(1);
    const vault = join(box.home, '.codex-acc2', 'auth.json');
    expect(JSON.parse(readFileSync(vault, 'utf8'))).toEqual(fresh);
    expect(statSync(vault).mode & 0o777).toBe(0o600);
    expect(home.events()).toContainEqual(expect.objectContaining({ type: 'reclaimed', pid }));
    expect(home.events()).toContainEqual(
      expect.objectContaining({ type: 'adopted', entry: 'auth.json', outcome: 'vaulted: acc2' }),
    );
  });

  it('does not lose the overlay of a codex exec that lives on', async () => {
    const home = await openHome(backend, ['acc1']);
    let answer = () => {};
    const until = new Promise<void>((resolve) => {
      answer = resolve;
    });
    backend.enqueue({ text: ['worked ', 'on'], until }, 'acc1');
    const asked = backend.turns().length;
    const running = home.box.run(home.codex, ['exec', 'a long task', '-o', 'last.txt']);
    await vi.waitUntil(() => backend.turns().length > asked, { timeout: 10_000 });
    // The watcher would end Codex with its launcher. Where a tool kills both, Codex lives on.
    const watchers = findStrays(home.box.home).filter(isWatcher);
    expect(watchers).toHaveLength(1);
    for (const { pid } of watchers) process.kill(pid, 'SIGKILL');
    process.kill(supervisorOf(home), 'SIGKILL');

    expect((await home.box.run(home.codex, ['exec', 'meanwhile'])).status).toBe(0);
    expect(home.slots()).toHaveLength(2);
    answer();
    expect((await running).stdout).toBe('worked on\n');
    await waitForNoStrays(home.box.home, 5000);

    await home.box.run(home.codex, ['exec', 'afterwards']);
    expect(home.events().findLast(({ type }) => type === 'launch')).toMatchObject({ slot: 1 });
  });
});

describe('codex inside codex', () => {
  it('takes the home of the user for its shared home, not the overlay', async () => {
    const home = await openHome(backend, ['acc1']);
    const outer = home.open();
    await ask(outer, 'outer question');
    await outer.waitForText(/answer \d+ from acc1/);
    // What a shell command that Codex runs has in its environment.
    const codex = findStrays(home.box.home).find(({ command }) =>
      command.startsWith(codexUnderTest.native),
    );
    const inherited = Object.fromEntries(
      readFileSync(`/proc/${codex?.pid}/environ`, 'utf8')
        .split('\0')
        .filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(inherited.CODEX_HOME).toBe(home.slots()[0]);

    const inner = await home.box.run('codex', ['exec', 'inner question'], { env: inherited });
    expect(inner).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^answer \d+ from acc1\n$/),
    });
    expect(inner.stderr).not.toMatch(/^codex-hotswap/m);
    const terminal = home.open([], { env: { ...home.box.env, ...inherited } });
    await ask(terminal, 'inner terminal');
    await terminal.waitForText(/answer \d+ from acc1/);
    await quit(terminal);
    await quit(outer);

    expect(home.slots()).toHaveLength(2);
    for (const slot of home.slots()) {
      expect(readlinkSync(join(slot, 'sessions'))).toBe(join(home.box.codexHome, 'sessions'));
      expect(listNames(slot)).not.toContain('.local');
    }
    // And what we do not supervise has the user's own home, not another Codex's overlay.
    rmSync(home.real);
    writeFileSync(home.real, '#!/bin/sh\necho "$CODEX_HOME"\n', { mode: 0o755 });
    const homeOf = async (args: string[], env = {}) =>
      (await home.box.run('codex', args, { env: { ...inherited, ...env } })).stdout.trim();
    expect(await homeOf(['mcp', 'list'])).toBe(home.box.codexHome);
    expect(await homeOf([], { CODEX_HOTSWAP_BYPASS: '1' })).toBe(home.box.codexHome);
    rmSync(home.paths.configFile);
    expect(await homeOf(['exec', 'hello'])).toBe(home.box.codexHome);
  });
});

/** From now on answers are given only once so many turns are waiting for one; resolves then. */
function holdAnswers(count: number): Promise<void> {
  let waiting = 0;
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  backend.setScript((request) => {
    if (request.purpose !== 'turn') return undefined;
    waiting += 1;
    if (waiting === count) {
      release();
      backend.setScript(undefined);
    }
    return { text: ['held ', 'back'], until };
  });
  return vi.waitUntil(() => waiting === count, { timeout: 30_000 }).then(() => undefined);
}

/** The shell that ends the Codex of an exec when its launcher was killed. */
function isWatcher({ command }: { command: string }): boolean {
  return command.startsWith('/bin/sh -c');
}

function supervisorOf(home: OverlayHome): number {
  const found = findStrays(home.box.home).find(isLauncher);
  if (found === undefined) throw new Error('no launcher lives');
  return found.pid;
}
