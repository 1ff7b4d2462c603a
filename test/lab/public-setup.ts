import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sandbox } from './sandbox.ts';

const CLI = fileURLToPath(new URL('../../dist/bin/codex-hotswap.js', import.meta.url));

/**
 * Sets hotswap up in a sandbox by its public commands, the shim as the first `codex` on PATH, as a user would.
 * The targets are logged in with `makeSandbox({accounts})`. Needs a build.
 * @returns the path of the shim.
 */
export async function setUpHotswap(box: Sandbox, targets: string[]): Promise<string> {
  const shim = join(box.bin, 'codex');
  const args = ['setup', '--force', '--accounts', targets.join(','), '--shim-path', shim];
  const { status, stdout, stderr } = await box.run(process.execPath, [
    CLI,
    ...args,
    '--install-shim',
  ]);
  if (status !== 0) throw new Error(`setup failed: ${stdout}${stderr}`);
  return shim;
}
