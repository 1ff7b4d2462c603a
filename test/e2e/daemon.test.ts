import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { itSince } from '../lab/playable.ts';
import { createSupervisedLab } from '../lab/supervised.ts';

const { openLab, close } = createSupervisedLab();
afterEach(close);

const COMMAND = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;

// Up to 0.155 there is none (fact 98).
itSince('0.166.0', 'it has no daemon that could be asked')(
  'doctor asks the daemon on the shared home whose login it holds',
  async () => {
    const { hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
    const { sandbox } = hotswap;
    const daemon = (word: string) =>
      sandbox.run(codexUnderTest.native, ['app-server', 'daemon', word], { timeoutMs: 60_000 });
    const doctor = async () => (await sandbox.run(process.execPath, [COMMAND, 'doctor'])).stdout;
    await hotswap.command('use', 'acc1');
    expect((await daemon('start')).status).toBe(0);
    try {
      expect(await doctor()).toMatch(/daemon .* under acc1@example\.com, as the real Codex;/);
      await hotswap.command('use', 'acc2');
      expect(await doctor()).toMatch(
        /daemon .* under acc1@example\.com, not acc2@example\.com as the real Codex;/,
      );
    } finally {
      // Codex stops the daemon, but not what keeps it up to date.
      const updater = join(sandbox.codexHome, 'app-server-daemon', 'daemon-updater.pid');
      const { pid } = JSON.parse(readFileSync(updater, 'utf8')) as { pid: number };
      await daemon('stop');
      process.kill(pid, 'SIGKILL');
    }
    expect(await doctor()).toContain('no Codex daemon');
  },
);
