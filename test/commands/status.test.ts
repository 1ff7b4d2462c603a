import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openOuterTerminal } from '../lab/outer-terminal.ts';
import { createSupervisedLab } from '../lab/supervised.ts';

// `status` as a person sees it, in terminals of every width, and as a program reads it.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const COMMAND = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;
const LONG = 'a-target-with-quite-a-long-name';

async function openHome() {
  const names = ['acc1', 'work', LONG, 'spare', 'open'];
  const { hotswap } = await openLab(names.map((name) => ({ name })));
  const { home } = hotswap.sandbox;
  const accounts = join(home, '.local/state/codex-hotswap/accounts');
  mkdirSync(accounts, { recursive: true, mode: 0o700 });
  const now = Math.floor(Date.now() / 1000);
  const hours = (count: number) => now + count * 3600;
  const windows = [
    { minutes: 300, usedPercent: 25, resetsAt: hours(3) },
    { minutes: 10_080, usedPercent: 40, resetsAt: hours(90) },
  ];
  const write = (target: string, marks: object[]) =>
    writeFileSync(
      join(accounts, `${target}.json`),
      JSON.stringify({
        version: 1,
        target,
        marks,
        usage: { source: 'live', capturedAt: now, windows },
      }),
      { mode: 0o600 },
    );
  write('acc1', []);
  write('work', [{ kind: 'window-5h', at: now, until: hours(3) }]);
  write(LONG, [{ kind: 'needs-login', at: now + 60, until: null }]);
  write('spare', [{ kind: 'manual', at: now, until: null }]);
  chmodSync(join(home, '.codex-open/auth.json'), 0o644);
  return hotswap;
}

type Home = Awaited<ReturnType<typeof openHome>>;

async function show({ sandbox }: Home, columns: number, env: Record<string, string> = {}) {
  const terminal = openOuterTerminal({
    file: process.execPath,
    args: [COMMAND, 'status'],
    env: { ...sandbox.env, TZ: atMiddayNow(), ...env },
    cwd: sandbox.work,
    columns,
    rows: 40,
  });
  await terminal.waitForExit();
  const shown = { lines: terminal.scrollback(), raw: terminal.raw().toString() };
  await terminal.dispose();
  return shown;
}

/** Where it is midday: a reset in three hours is today then, and its date takes no room in the table. */
function atMiddayNow(): string {
  const west = new Date().getUTCHours() - 12;
  return `Etc/GMT${west < 0 ? west : `+${west}`}`;
}

const rowsOf = (lines: string[]) => lines.slice(0, 6); // title and targets

describe('status', () => {
  it.each([60, 80, 120, 200])('fits %d columns', async (columns) => {
    const home = await openHome();
    const { lines } = await show(home, columns);
    const [title, ...rows] = rowsOf(lines);
    expect(title).toMatch(/^ {2}ACCOUNT .*STATE$/);
    // A row that was wrapped would push the others down.
    expect(rows.map((row) => row.slice(2).split(' ')[0])).toEqual([
      'acc1',
      'work',
      LONG,
      'spare',
      'open',
    ]);
    for (const [row, state] of [
      [0, /ready$/],
      [1, /until .*\d$|limit is used up/],
      [2, /needs login$|needs a new login/],
      [3, /set aside/],
      [4, /unsafe$|can be read by other users/],
    ] as const) {
      expect(rows[row]).toMatch(state);
    }
    expect(title?.includes('WEEKLY LEFT')).toBe(columns >= 80);
    expect(title?.includes('E-MAIL')).toBe(columns >= 120);
    expect(title?.includes('FIGURES')).toBe(columns >= 200);
    // What to do about it is there, whole, at every width.
    expect(lines.join('')).toContain(`codex-hotswap login ${LONG}`);
  });

  it('has colours in a terminal, unless NO_COLOR, and none in a pipe, where nothing is left out', async () => {
    const home = await openHome();
    expect((await show(home, 120)).raw).toContain('\u001b[32m');
    expect((await show(home, 120, { NO_COLOR: '1' })).raw).not.toContain('\u001b[3');
    const piped = await home.command('status');
    expect(piped).not.toContain('\u001b');
    const [title, ...rows] = piped.trimEnd().split('\n');
    expect(title).toMatch(/ACCOUNT +E-MAIL +PLAN +5 H LEFT +WEEKLY LEFT +FIGURES +STATE/);
    expect(rows).toHaveLength(5);
  });
});
