import { mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { setUpHotswap } from '../lab/public-setup.ts';
import { makeSandbox, type Sandbox } from '../lab/sandbox.ts';

const CLI = fileURLToPath(new URL('../../dist/bin/codex-hotswap.js', import.meta.url));

let backend: Backend;
let box: Sandbox;

beforeAll(async () => {
  backend = await startBackend({
    accounts: [
      { name: 'acc1', usedPercent: 40 },
      { name: 'acc2', plan: 'pro', turnsLeft: 0, exhaustedWindow: 'weekly' },
      { name: 'acc3' },
    ],
  });
  box = await makeSandbox({ backend, accounts: ['acc1', 'acc2', 'acc3'] });
  await setUpHotswap(box, ['acc1', 'acc2', 'acc3', 'acc4']);
  backend.revokeAccount('acc3');
});
afterAll(async () => {
  await box.dispose();
  await backend.close();
});

const hotswap = (...args: string[]) => box.run(process.execPath, [CLI, ...args]);

describe('refresh, by the real Codex', () => {
  it('tells each target’s limits or what stands in the way, and fails if any could not be asked', async () => {
    const { status, stdout } = await hotswap('refresh');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^acc1: 5 h 60% left \(resets in .*\), weekly 60% left/m);
    expect(stdout).toMatch(/^acc2: 5 h 75% left .*weekly 0% left/m);
    expect(stdout).toMatch(/^acc3: .+/m);
    expect(stdout).toMatch(/^acc4: not logged in; run: codex-hotswap login acc4$/m);
  });

  it('leaves what it learned to status, which asks nobody', async () => {
    const asked = backend.requests.length;
    const { targets } = JSON.parse((await hotswap('status', '--json')).stdout);
    expect(targets[0]).toMatchObject({
      name: 'acc1',
      plan: 'plus',
      state: 'ready',
      usage: {
        source: 'live',
        windows: [
          { minutes: 300, leftPercent: 60 },
          { minutes: 10_080, leftPercent: 60 },
        ],
      },
    });
    // A percentage is a forecast: a window at 100% puts the account last, and marks nothing.
    expect(targets[1]).toMatchObject({
      state: 'ready',
      reason: expect.stringMatching(/^used last, because nothing is left by its figures/),
      marks: [],
      usage: { windows: [{ leftPercent: 75 }, { minutes: 10_080, leftPercent: 0 }] },
    });
    expect(targets[3]).toMatchObject({ state: 'not-logged-in', usage: null });
    expect(backend.requests.length).toBe(asked);
  });

  it('leaves no copy of a login, and no process', () => {
    const slots = join(box.home, '.local/state/codex-hotswap/runtime');
    const files = readdirSync(slots, { recursive: true, encoding: 'utf8' })
      .filter((file) => /auth\.json/.test(file))
      .map((file) => join(slots, file));
    // What was started there and lives on works under the login of the shared home.
    const leadsTo = new Set(files.map((file) => readlinkSync(file)));
    expect([...leadsTo]).toEqual([join(box.codexHome, 'auth.json')]);
  });

  it('opens no rollout for a status', async () => {
    const day = join(box.codexHome, 'sessions/2026/01/01');
    mkdirSync(day, { recursive: true });
    // Whoever opens a fifo that nobody writes to waits for ever.
    const names = [...Array(50).keys()].map((i) =>
      join(day, `rollout-2026-01-01T00-00-${i}.jsonl`),
    );
    await box.run('mkfifo', names);
    expect((await hotswap('status')).status).toBe(0);
    expect((await hotswap('doctor')).stdout).toMatch(/doctor status/);
  });
});
