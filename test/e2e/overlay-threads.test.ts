import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import type { OuterTerminal } from '../lab/outer-terminal.ts';
import { createOverlayHomes, type OverlayHome, rolloutsOnRecord } from '../lab/overlay-homes.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { waitForNoStrays } from '../lab/strays.ts';
import { quit } from '../lab/supervised.ts';

// What a supervised session leaves behind is the user's own, in their own home: the real Codex opens it without us.

const { openHome, close } = createOverlayHomes();
let backend: Backend;

beforeAll(async () => {
  backend = await startBackend({ accounts: [{ name: 'acc1' }, { name: 'acc2' }] });
});
afterAll(() => backend.close());
afterEach(async () => {
  await close();
  for (const account of backend.accounts) account.turnsLeft = Number.POSITIVE_INFINITY;
});

describe('after a session in the terminal', () => {
  it('plain codex resumes the thread by id, and lists it', async () => {
    const home = await openHome(backend, ['acc1']);
    const terminal = home.open();
    await ask(terminal, 'a question in the overlay');
    await terminal.waitForText(/answer \d+ from acc1/);
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });

    const id = await expectTidyHome(home);
    await expectPlainResume(home, home.openPlain(['resume', id]), 'a question in the overlay');
    const picker = home.openPlain(['resume']);
    // By its title, if the session lasted long enough for one.
    await picker.waitForText(/a question in the overlay|Name the thread/);
    picker.press('enter');
    await expectPlainResume(home, picker, 'a question in the overlay');
    // Plain Codex may write the path anew; it has to lead somewhere all the same.
    expectRowsResolve(home);
  });

  it('the same after a handoff', async () => {
    backend.account('acc1').turnsLeft = 1;
    const home = await openHome(backend, ['acc1', 'acc2']);
    const terminal = home.open();
    await ask(terminal, 'the first question');
    await terminal.waitForText(/answer \d+ from acc1/);
    await ask(terminal, 'the question too many');
    await terminal.waitForText(/answer \d+ from acc2/);
    await quit(terminal);

    const id = await expectTidyHome(home);
    await expectPlainResume(home, home.openPlain(['resume', id]), 'the question too many');
  });
});

describe('after codex exec', () => {
  it('plain codex resumes the thread, by exec and in the terminal', async () => {
    const home = await openHome(backend, ['acc1']);
    const ran = await home.box.run(home.codex, ['exec', 'asked of exec']);
    expect(ran).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^answer \d+ from acc1\n$/),
    });

    const id = await expectTidyHome(home);
    const again = await home.box.run(home.real, ['exec', 'resume', id, 'asked again']);
    expect(again).toMatchObject({ status: 0 });
    expect(backend.turns('acc1').at(-1)?.turn?.userTexts).toEqual(['asked of exec', 'asked again']);
    await expectPlainResume(home, home.openPlain(['resume', id]), 'asked again');
  });

  it('and so does a supervised codex in another overlay', async () => {
    const home = await openHome(backend, ['acc1']);
    await home.box.run(home.codex, ['exec', 'asked in the first']);
    const threadId = readRollouts(home.box.codexHome)[0]?.threadId as string;
    // Holds the first overlay.
    const holder = home.open();
    await waitForComposer(holder);
    const ran = await home.box.run(home.codex, ['exec', 'resume', threadId, 'asked in the second']);
    expect(ran.status).toBe(0);
    expect(home.slots()).toHaveLength(2);
    expect(backend.turns('acc1').at(-1)?.turn?.userTexts).toEqual([
      'asked in the first',
      'asked in the second',
    ]);
    await quit(holder);
  });
});

/** One thread in the shared home, every row of the database leads to a file, no daemon; its id. */
async function expectTidyHome({ box, slots }: OverlayHome): Promise<string> {
  const rollouts = readRollouts(box.codexHome);
  expect(rollouts).toHaveLength(1);
  expectRowsResolve({ box } as OverlayHome);
  const [slot] = slots() as [string];
  expect(slots()).toEqual([slot]);
  for (const directory of [box.codexHome, slot]) {
    const names = readdirSync(directory);
    for (const forbidden of ['packages', 'app-server-control', 'app-server-daemon']) {
      expect(names).not.toContain(forbidden);
    }
  }
  // The overlay rests: its links stay, and its login is that of plain Codex (fact 32).
  expect(readdirSync(slot)).toContain('sessions');
  expect(readlinkSync(join(slot, 'auth.json'))).toBe(join(box.codexHome, 'auth.json'));
  expect(readdirSync(slot).filter((name) => /sqlite/.test(name))).toEqual([]);
  expect(await waitForNoStrays(box.home, 5000)).toBe(true);
  return rollouts[0]?.threadId as string;
}

function expectRowsResolve({ box }: OverlayHome): void {
  const named = rolloutsOnRecord(box.codexHome, box.home);
  expect(named).not.toEqual([]);
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
}

async function expectPlainResume(
  { box }: OverlayHome,
  terminal: OuterTerminal,
  history: string,
): Promise<void> {
  await terminal.waitForText(history);
  const asked = backend.turns().length;
  await ask(terminal, 'asked of plain codex');
  const request = await backend.waitForRequest(
    ({ turn, outcome }) => turn?.purpose === 'turn' && outcome?.kind === 'answered',
    { from: (backend.turns()[asked - 1]?.index as number) + 1 },
  );
  expect(request.turn?.userTexts).toContain(history);
  await quit(terminal);
  expect(readRollouts(box.codexHome)).toHaveLength(1);
}
