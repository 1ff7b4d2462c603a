import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { otherRelease, plantCodex, putOnPath, removeCodex } from '../lab/codex-trees.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask } from '../lab/composer.ts';
import { readOurLines } from '../lab/our-lines.ts';
import { runCodex } from '../lab/run-codex.ts';
import { createSupervisedLab, quit, type Supervised } from '../lab/supervised.ts';

// Codex is updated, moved or removed while a session is open. The limit comes afterwards.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const isUpdate = otherRelease.version !== codexUnderTest.version;
const NEWS = `codex is now ${codexUnderTest.version} (was ${otherRelease.version})`;
const news = isUpdate ? [NEWS] : [];

const accounts = () => [
  { name: 'acc1', turnsLeft: 1, resetsAt: Math.floor(Date.now() / 1000) + 7200 },
  { name: 'acc2' },
];

/** A session of the older release that has had one turn; then `change`, and a turn that meets the limit. */
async function openAndUpdate(change: (hotswap: Supervised) => void, place = 'old') {
  const { backend, hotswap } = await openLab(accounts(), { codex: false });
  const { sandbox } = hotswap;
  // Its keeper starts a codex of its own at the handoff.
  await sandbox.writeVault('acc2', { expiresInSeconds: 900 });
  const codex = plantCodex(sandbox, place, otherRelease);
  if (place === 'old') putOnPath(sandbox, codex);
  else sandbox.env.PATH = `${dirname(codex)}:${sandbox.env.PATH}`;
  const terminal = hotswap.open();
  await ask(terminal, 'one');
  await terminal.waitForText('answer 1 from acc1');
  change(hotswap);
  await ask(terminal, 'two');
  return { backend, hotswap, terminal };
}

const toldNews = (lines: string[]) => lines.filter((line) => line.includes('is now'));

describe('in the terminal', () => {
  it('npm puts the native binary elsewhere: the handoff goes on, and one line names the version', async () => {
    const { backend, hotswap, terminal } = await openAndUpdate(({ sandbox }) => {
      putOnPath(sandbox, plantCodex(sandbox, 'new', codexUnderTest, 'inside'));
      removeCodex(sandbox, 'old');
    });
    await terminal.waitForText('answer 1 from acc2');
    expect(toldNews(readOurLines(terminal))).toEqual(news);
    expect(new Set(backend.turns().map(({ turn }) => turn?.threadId)).size).toBe(1);
    expect(hotswap.eventsOf('rotated')).toHaveLength(1);
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
  });

  it('a version’s directory on PATH is replaced by that of the next version', async () => {
    const { hotswap, terminal } = await openAndUpdate(({ sandbox }) => {
      plantCodex(sandbox, 'installs/codex/99.0.1', codexUnderTest);
      removeCodex(sandbox, 'installs/codex/99.0.0');
    }, 'installs/codex/99.0.0');
    await terminal.waitForText('answer 1 from acc2');
    expect(await hotswap.waitForEvent('refreshed')).toMatchObject({ target: 'acc2' });
    expect(toldNews(readOurLines(terminal))).toEqual(news);
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
  });

  it('an update that is under way is waited for', async () => {
    const { terminal } = await openAndUpdate(({ sandbox }) => {
      rmSync(join(sandbox.realBin, 'codex'));
      removeCodex(sandbox, 'old');
      setTimeout(() => putOnPath(sandbox, plantCodex(sandbox, 'new', codexUnderTest)), 4000);
    });
    await terminal.waitForText('answer 1 from acc2', { timeoutMs: 30_000 });
    expect(toldNews(readOurLines(terminal))).toEqual(news);
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
  });

  it('a codex that is gone, or does not start: what to do is said, and the thread is named', async () => {
    const { backend, terminal } = await openAndUpdate(({ sandbox }) => {
      rmSync(join(sandbox.realBin, 'codex'));
      removeCodex(sandbox, 'old');
      const broken = join(sandbox.home, 'broken/codex');
      mkdirSync(dirname(broken));
      writeFileSync(broken, ELF_OF_ANOTHER_MACHINE);
      chmodSync(broken, 0o755);
      putOnPath(sandbox, broken);
    });
    expect(await terminal.waitForExit({ timeoutMs: 40_000 })).toEqual({ status: 1, signal: 0 });
    const thread = backend.turns()[0]?.turn?.threadId;
    const said = readOurLines(terminal);
    expect(said).toContainEqual(
      expect.stringMatching(
        /real-bin\/codex does not start: .*; see: codex --version; to reinstall/,
      ),
    );
    expect(said.at(-1)).toBe(`could not go on by itself; to continue, run: codex resume ${thread}`);
  });
});

/** The header of a program for another processor: the kernel refuses it. */
const ELF_OF_ANOTHER_MACHINE = Buffer.concat([
  Buffer.from('7f454c46020101000000000000000000', 'hex'),
  Buffer.from('0200f3000100000000000000000000000000000000000000', 'hex'),
  Buffer.alloc(512),
]);

describe('without a terminal', () => {
  it('an exec that meets the limit after the update goes on with the new one', async () => {
    const { backend, hotswap } = await openLab(
      accounts().map((account) => ({ ...account, turnsLeft: account.name === 'acc1' ? 0 : 9 })),
      { codex: false },
    );
    const { sandbox } = hotswap;
    // The old one is replaced while it works: as its own last act.
    const old = plantCodex(sandbox, 'old', otherRelease);
    const moved = join(sandbox.home, 'next');
    plantCodex(sandbox, 'next', codexUnderTest, 'inside');
    const wrapper = join(sandbox.home, 'wrapper');
    writeFileSync(
      wrapper,
      `#!/bin/sh\n'${old}' "$@"\nstatus=$?\nln -sfn '${moved}/bin/codex' '${sandbox.realBin}/codex'\nrm '${old}'\nexit $status\n`,
    );
    chmodSync(wrapper, 0o755);
    putOnPath(sandbox, wrapper);
    const ran = await runCodex(hotswap, ['exec', 'hello'], { timeoutMs: 40_000 });
    expect(ran).toMatchObject({ status: 0, stdout: 'answer 1 from acc2\n' });
    const ours = ran.stderr.split('\n').filter((line) => line.startsWith('codex-hotswap: '));
    expect(toldNews(ours).map((line) => line.replace('codex-hotswap: ', ''))).toEqual(news);
    expect(backend.turns('acc2')).toHaveLength(1);
  });
});
