import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask } from '../lab/composer.ts';
import { waitForOurLine } from '../lab/our-lines.ts';
import { itSince, tellWhere } from '../lab/playable.ts';
import { createSupervisedLab, quit, type Supervised } from '../lab/supervised.ts';

// What an account's standing is worth on the real Codex: lifted early, served at 100%, refused at 25%, on credits.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const DAY = 86_400;
const inDays = (days: number) => Math.floor(Date.now() / 1000) + days * DAY;
const weekly = (name: string) =>
  ({ name, turnsLeft: 0, exhaustedWindow: 'weekly', resetsAt: inDays(5) }) as const;
const CREDITS = { has_credits: true, unlimited: false, balance: '489.25' };

/** `codex exec`, as typed. */
async function exec(hotswap: Supervised, ...args: string[]) {
  const [program = '', ...first] = hotswap.commandLine();
  return hotswap.sandbox.run(program, [...first, 'exec', ...args]);
}

describe('a limit that the service lifts early', () => {
  async function openLifted() {
    const { backend, hotswap } = await openLab([weekly('acc1'), { name: 'acc2' }]);
    expect((await exec(hotswap, 'one')).stdout).toContain('answer 1 from acc2');
    expect(hotswap.account('acc1').marks).toMatchObject([{ kind: 'window-weekly' }]);
    Object.assign(backend.account('acc1'), { turnsLeft: Number.POSITIVE_INFINITY, usedPercent: 2 });
    return { backend, hotswap };
  }

  function ageMark(hotswap: Supervised) {
    const file = join(hotswap.sandbox.home, '.local/state/codex-hotswap/accounts/acc1.json');
    const state = JSON.parse(readFileSync(file, 'utf8'));
    for (const mark of state.marks) mark.at -= 31 * 60;
    delete state.usage;
    writeFileSync(file, JSON.stringify(state));
  }

  it('fresh figures end the mark, and the account is used', async () => {
    const { hotswap } = await openLifted();
    expect(await hotswap.command('status')).toMatch(/acc1 .*weekly limit is used up until/);
    expect(await hotswap.command('refresh', 'acc1')).toContain('98% left');
    expect(hotswap.account('acc1').marks).toEqual([]);
    expect(await hotswap.command('status')).not.toContain('used up');
    expect(await hotswap.command('use', 'acc1')).toContain('new sessions start with acc1');
    expect((await exec(hotswap, 'two')).stdout).toContain('from acc1');
  });

  it('a turn that the account answers ends the mark', async () => {
    const { hotswap } = await openLifted();
    await hotswap.command('launch', 'acc1', '--', 'exec', 'two');
    expect(hotswap.account('acc1').marks).toEqual([]);
  });

  it('before every account is called used up, the service is asked', async () => {
    const { backend, hotswap } = await openLifted();
    backend.account('acc2').turnsLeft = 0;
    const { stdout, stderr, status } = await exec(hotswap, 'two');
    expect({ stdout, status }).toMatchObject({
      stdout: expect.stringMatching(/from acc1/),
      status: 0,
    });
    expect(stderr).toMatch(/acc2: its 5-hour limit is used up until .*; going on under acc1/);
    expect(stderr).not.toContain('every account');
  });

  it('before no other account can be used, `next` asks', async () => {
    const { hotswap } = await openLifted();
    expect(await hotswap.command('next', '--print-only')).toBe('acc1\n');
  });

  it('a service that does not answer costs 3 s, the mark holds, and no Codex is left', async () => {
    const { backend, hotswap } = await openLifted();
    await hotswap.command('use', 'acc1');
    ageMark(hotswap);
    backend.hold('usage');
    const begun = Date.now();
    expect((await exec(hotswap, 'two')).stdout).toContain('from acc2');
    // 3 s for the answer, and 3 s more until the Codex that was asked has ended.
    expect(Date.now() - begun).toBeGreaterThan(3000);
    expect(Date.now() - begun).toBeLessThan(9000);
    expect(hotswap.account('acc1').marks).toHaveLength(1);
    // Closing the sandbox fails if a process is left.
  });

  it('an old mark of the chosen account is asked about at the start', async () => {
    const { hotswap } = await openLifted();
    await hotswap.command('use', 'acc1');
    ageMark(hotswap);
    expect((await exec(hotswap, 'two')).stdout).toContain('from acc1');
    expect(hotswap.account('acc1').marks).toEqual([]);
  });
});

it('an account that the service serves at 100% is used last, and rests only after a refusal', async () => {
  const { hotswap } = await openLab([{ name: 'acc1', fullWindow: 'weekly' }, { name: 'acc2' }]);
  await hotswap.command('refresh');
  expect(hotswap.account('acc1').marks).toEqual([]);
  expect(await hotswap.command('status')).toMatch(/acc1 .*used last, because nothing is left/);
  expect((await exec(hotswap, 'one')).stdout).toContain('from acc2');
  await hotswap.command('disable', 'acc2');
  expect((await exec(hotswap, 'two')).stdout).toContain('from acc1');
  expect(hotswap.account('acc1').marks).toEqual([]);
});

// Up to 0.144 the full window in the record is the only proof of a limit (fact 68).
const where25 = itSince('0.150.0', 'before, the record of a refusal has no error (fact 68)');

where25(
  'an account that is refused at 25% rests the configured time, whatever the sentence names',
  async () => {
    const refused = {
      name: 'acc1',
      turnsLeft: 0,
      exhaustedWindow: 'none',
      resetsAt: inDays(6),
    } as const;
    const settings = { cooldownMinutes: 20 };
    const { backend, hotswap } = await openLab([refused, { name: 'acc2' }], { settings });
    expect((await exec(hotswap, 'one')).stdout).toContain('from acc2');
    const [mark] = hotswap.account('acc1').marks;
    expect(mark?.kind).toBe('unknown');
    expect((mark?.until ?? 0) - (mark?.at ?? 0)).toBeCloseTo(20 * 60, -1);
    // Its figures were good when it was refused, so good figures are no news.
    await hotswap.command('refresh', 'acc1');
    expect(hotswap.account('acc1').marks).toHaveLength(1);

    // A turn on a terminal that it answers is news.
    backend.account('acc1').turnsLeft = Number.POSITIVE_INFINITY;
    await hotswap.command('disable', 'acc2');
    const terminal = hotswap.open();
    await ask(terminal, 'two');
    await terminal.waitForText('from acc1');
    await quit(terminal);
    expect(hotswap.account('acc1').marks).toEqual([]);
  },
);

describe('an account on purchased credits', () => {
  const rich = { name: 'rich', fullWindow: 'weekly', credits: CREDITS, resetsBanked: 2 } as const;
  const tellsResets = tellWhere(
    codexUnderTest.isAtLeast('0.144.0'),
    'it tells no rateLimitResetCredits (fact 75)',
  );

  it('is not marked; status says what pays; it comes after included usage', async () => {
    const { hotswap } = await openLab([rich, { name: 'acc2' }]);
    await hotswap.command('refresh');
    expect(hotswap.account('rich').marks).toEqual([]);
    const status = await hotswap.command('status');
    const banked = tellsResets ? '; 2 resets banked' : '';
    expect(status).toContain(`included usage used up, on credits (489.25)${banked}\n`);
    expect((await exec(hotswap, 'one')).stdout).toContain('from acc2');
    await hotswap.command('disable', 'acc2');
    expect((await exec(hotswap, 'two')).stdout).toContain('from rich');
  });

  it.each([
    ['last', { name: 'acc2' }],
    ['never', { name: 'acc2', fullWindow: 'weekly' }],
  ] as const)(
    '%s: a session goes on between two turns, and nothing is sent',
    async (credits, acc2) => {
      const settings = { targets: [{ name: 'rich', credits }, { name: 'acc2' }] };
      const { backend, hotswap } = await openLab([rich, acc2], { settings });
      const terminal = hotswap.open();
      await ask(terminal, 'one');
      await terminal.waitForText('answer 1 from rich');
      expect(await hotswap.waitForEvent('rotated')).toMatchObject({ from: 'rich', to: 'acc2' });
      await hotswap.waitForEvent('bound', 2);
      await waitForOurLine(
        terminal,
        /rich: its included usage is used up, and credits would pay; going on under acc2/,
      );
      await ask(terminal, 'two');
      await terminal.waitForText('answer 1 from acc2');
      await quit(terminal);
      expect(backend.turns('rich')).toHaveLength(1);
      expect(hotswap.account('rich').marks).toEqual([]);
    },
  );

  it('never, and no other account: the title says so, and no session starts', async () => {
    const settings = { targets: [{ name: 'rich', credits: 'never' }] };
    const { hotswap } = await openLab([rich], { settings });
    const terminal = hotswap.open();
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from rich');
    const says = 'rich spends credits, because no other account can be used';
    await hotswap.waitForEvent('notice');
    expect(await quit(terminal)).toMatchObject({ status: 0 });
    const output = terminal.raw().toString();
    expect(output).toContain(` · rich · ${says}`);
    expect(output.trimEnd().endsWith(`codex-hotswap: ${says}`)).toBe(true);

    const next = await exec(hotswap, 'two');
    expect(next).toMatchObject({ status: 1, stdout: '' });
    expect(next.stderr).toMatch(
      /set to spend no credits\); to spend them all the same: codex-hotswap launch rich/,
    );
  });

  it('never: with every account at its limit no credits are spent, and a lift is seen', async () => {
    const settings = { targets: [{ name: 'rich', credits: 'never' }, { name: 'acc2' }] };
    const { backend, hotswap } = await openLab([rich, weekly('acc2')], { settings });
    await hotswap.command('refresh');
    expect((await exec(hotswap, 'one')).status).toBe(1);
    expect((await exec(hotswap, 'two')).status).toBe(1);
    expect(backend.turns('rich')).toEqual([]);
    await hotswap.command('disable', 'acc2');
    const alone = await exec(hotswap, 'three');
    expect(alone).toMatchObject({ status: 1, stdout: '' });
    expect(alone.stderr).toMatch(/only credits would pay .*codex-hotswap launch rich/s);
    expect(await hotswap.command('use', 'rich')).toMatch(/without its credits; .* launch rich/);
    expect(backend.turns('rich')).toEqual([]);

    Object.assign(backend.account('rich'), { fullWindow: 'none' });
    expect((await exec(hotswap, 'four')).stdout).toContain('from rich');
  });

  it('allow: the session stays', async () => {
    const settings = { targets: [{ name: 'rich', credits: 'allow' }, { name: 'acc2' }] };
    const { backend, hotswap } = await openLab([rich, { name: 'acc2' }], { settings });
    await hotswap.command('refresh');
    const terminal = hotswap.open();
    for (const [index, prompt] of ['one', 'two'].entries()) {
      await ask(terminal, prompt);
      await terminal.waitForText(`answer ${index + 1} from rich`);
    }
    await quit(terminal);
    expect(backend.turns('acc2')).toEqual([]);
    expect(hotswap.eventsOf('rotated')).toEqual([]);
  });
});

describe('“every account is at its limit” only if so', () => {
  it('a login that is missing is named, with its command', async () => {
    const { hotswap } = await openLab([{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }]);
    rmSync(join(hotswap.sandbox.home, '.codex-acc2/auth.json'));
    const { stderr, status } = await exec(hotswap, 'one');
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /no account can be used: acc2: not logged in; run: codex-hotswap login acc2/,
    );
    expect(stderr).not.toContain('every account');
    const next = await exec(hotswap, 'two');
    expect(next.stderr).toContain('acc2: not logged in; run: codex-hotswap login acc2');
    expect(next.stderr).not.toContain('every account');
  });

  it('a pinned session says that it is pinned', async () => {
    const { hotswap } = await openLab([{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }]);
    const run = hotswap.command('launch', 'acc1', '--pin', '--', 'exec', 'one');
    await expect(run).rejects.toThrow(
      /acc1: its 5-hour limit .*; it is pinned, so no other account/,
    );
    await expect(run).rejects.not.toThrow(/every account/);
  });

  it('all of them', async () => {
    const { hotswap } = await openLab([
      { name: 'acc1', turnsLeft: 0 },
      { name: 'acc2', turnsLeft: 0 },
    ]);
    expect((await exec(hotswap, 'one')).stderr).toContain('every account is at its limit');
  });
});
