import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { waitForComposer } from '../lab/composer.ts';
import { createSupervisedLab } from '../lab/supervised.ts';

// tmux and terminals name a window after the process in front. `pkill codex` and `killall codex` go by the same name.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** The process and those below it that are called codex: the ones that `pkill -x codex` reaches. */
function listCalledCodex(root: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' });
  const all = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  const below = new Set([`${root}`]);
  // A parent may stand after its child.
  for (const _ of all) {
    const before = below.size;
    for (const [pid = '', parent = ''] of all) if (below.has(parent)) below.add(pid);
    if (below.size === before) break;
  }
  return all
    .filter(([pid = '', , name]) => below.has(pid) && name === 'codex')
    .map(([pid]) => Number(pid));
}

describe.skipIf(process.platform !== 'linux')('the name of a session is codex', () => {
  it('for ps; and who ends all of that name ends the session', async () => {
    for (const order of ['ours first', 'ours last']) {
      const { hotswap } = await openLab([{ name: 'acc1' }]);
      const terminal = hotswap.open();
      await waitForComposer(terminal);
      expect(readFileSync(`/proc/${terminal.pid}/comm`, 'utf8')).toBe('codex\n');
      const words = readFileSync(`/proc/${terminal.pid}/cmdline`, 'utf8');
      expect(words.replace(/\0+$/, '')).toBe('codex');

      const called = listCalledCodex(terminal.pid);
      expect(called.length).toBeGreaterThan(1);
      const ours = called.filter((pid) => pid === terminal.pid);
      const theirs = called.filter((pid) => pid !== terminal.pid);
      const inOrder = order === 'ours first' ? [...ours, ...theirs] : [...theirs, ...ours];
      for (const pid of inOrder) process.kill(pid, 'SIGTERM');
      // As bare Codex: by the signal.
      expect(await terminal.waitForExit()).toEqual({ status: 0, signal: 15 });
      await close(); // fails when a process is left
    }
  });

  it.skipIf(!has('tmux'))('for tmux: the pane and, by automatic-rename, the window', async () => {
    const { hotswap } = await openLab([{ name: 'acc1' }]);
    const { sandbox } = hotswap;
    const tmux = (...args: string[]) =>
      sandbox.run('tmux', ['-S', join(sandbox.home, 'tmux'), '-f', '/dev/null', ...args]);
    const command = hotswap.commandLine().map((word) => `'${word}'`);
    await tmux('new-session', '-d', '-x', '100', '-y', '30', 'sh');
    try {
      await tmux('send-keys', command.join(' '), 'Enter');
      const shown = async () => (await tmux('display', '-p', '#{pane_current_command} #W')).stdout;
      await expect.poll(shown, { timeout: 15_000 }).toBe('codex codex\n');
    } finally {
      await tmux('kill-server');
    }
  });
});
