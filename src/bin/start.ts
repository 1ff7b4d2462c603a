import { spawnSync } from 'node:child_process';
import module from 'node:module';

/**
 * Loads the launcher and hands over to it. If not even that works (a damaged installation, a working directory
 * that was deleted), the real codex runs as if we were not there, with one line on stderr.
 *
 * @param real the real codex, if the shim has found it already.
 */
export async function start(real: string | undefined, args: string[]): Promise<void> {
  (module as { enableCompileCache?: () => void }).enableCompileCache?.(); // Node >= 22.8
  let run: () => Promise<unknown>;
  try {
    const cwd = process.cwd();
    const { launchCodex } = await import('../launch/launch.ts');
    run = () => launchCodex({ real, args, env: process.env, cwd });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    process.stderr.write(`codex-hotswap: running codex unsupervised: ${reason}\n`);
    const { status, signal } = spawnSync(real ?? 'codex', args, { stdio: 'inherit' });
    if (signal) process.kill(process.pid, signal);
    process.exit(status ?? 126);
  }
  await run();
}
