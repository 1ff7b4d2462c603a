import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunOptions, RunResult, Sandbox } from './sandbox.ts';

const BIN = fileURLToPath(new URL('../../dist/bin/', import.meta.url));

/** The built product, set up in a sandbox. */
export interface Hotswap {
  /** `codex-hotswap …`, run to its end. */
  run(args: string[], options?: RunOptions): Promise<RunResult>;
  /** `codex …` under supervision: what a terminal or a shell starts. */
  readonly codex: string;
}

/**
 * Sets hotswap up by its public commands: targets of these names (log them in with `makeSandbox({accounts})`), and the
 * shim as the first `codex` on PATH. Needs a build (`npm run build`).
 */
export async function setUpHotswap(box: Sandbox, targets: string[]): Promise<Hotswap> {
  const run: Hotswap['run'] = (args, options) =>
    box.run(process.execPath, [join(BIN, 'codex-hotswap.js'), ...args], options);
  const codex = join(box.bin, 'codex');
  const setUp = await run(['setup', '--force', '--accounts', targets.join(',')]);
  if (setUp.status !== 0) throw new Error(`setup failed: ${setUp.stdout}${setUp.stderr}`);
  const shim = await run(['install-shim', '--shim-path', codex]);
  if (shim.status !== 0) throw new Error(`install-shim failed: ${shim.stdout}${shim.stderr}`);
  return { run, codex };
}
