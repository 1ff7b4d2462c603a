import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createSupervisedLab } from '../lab/supervised.ts';

// What Codex's own installer does to PATH (fact 110), with the real Codex behind it.

const { openLab, close } = createSupervisedLab();
afterEach(close);

it('a codex before the shim on PATH is named by status and by codex-hot, until it is gone', async () => {
  const { hotswap } = await openLab([{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }]);
  const { sandbox } = hotswap;
  const shims = join(sandbox.home, '.local/share/codex-hotswap/bin');
  const bin = join(sandbox.home, '.local/bin');
  const real = join(sandbox.realBin, 'codex');
  const { PATH = '' } = sandbox.env;
  const exec = async (path: string) => {
    sandbox.env.PATH = path;
    return sandbox.run('/bin/sh', ['-c', 'codex exec one']);
  };
  await hotswap.command('install-shim', '--no-rc');
  const supervised = await exec(`${shims}:${PATH}`);
  expect(supervised.stdout).toContain('answer 1 from acc2');
  expect(await hotswap.command('status')).not.toContain('comes before the shim');
  await hotswap.command('reset');
  await hotswap.command('use', 'acc1');

  // `ln -sfn ~/.codex/packages/standalone/current/bin/codex ~/.local/bin/codex`
  const standalone = join(sandbox.codexHome, 'packages/standalone/current/bin');
  mkdirSync(standalone, { recursive: true });
  symlinkSync(real, join(standalone, 'codex'));
  mkdirSync(bin, { recursive: true });
  symlinkSync(join(standalone, 'codex'), join(bin, 'codex'));
  const overwritten = `${bin}:${shims}:${PATH}`;
  const alone = await exec(overwritten);
  expect(alone.status).toBe(1); // nothing goes on at the limit
  const says = `${join(bin, 'codex')} comes before the shim ${join(shims, 'codex')} on PATH`;
  expect(await hotswap.command('status')).toContain(says);
  const [program = '', ...first] = hotswap.commandLine();
  const hot = await sandbox.run(program, [...first, 'exec', 'two']);
  expect(hot.stderr).toContain(says);
  expect(hot.stdout).toContain('from acc2');

  rmSync(join(bin, 'codex'));
  expect((await exec(overwritten)).stdout).toContain('from acc2');
  expect(await hotswap.command('status')).not.toContain('comes before the shim');
});
