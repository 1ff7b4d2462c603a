import { spawnSync } from 'node:child_process';
import module from 'node:module';
import { findRealCodex, isOurShim } from '../codex/find.ts';
import { describeError } from '../errors.ts';
import { catchUncaught, ignoreStderrErrors } from '../state/last-net.ts';

/**
 * Loads the launcher and hands over to it. If not even that works (a damaged installation, a working directory
 * that was deleted), the real codex runs as if we were not there, with one line on stderr.
 *
 * @param candidate the real codex, as far as the shim could tell.
 */
export async function start(
  candidate: string | undefined,
  args: string[],
  wishes: { wait?: boolean } = {},
): Promise<void> {
  (module as { enableCompileCache?: () => void }).enableCompileCache?.(); // Node >= 22.8
  ignoreStderrErrors();
  const real = pickReal(candidate);
  // Before a child runs; whoever starts one lays a net of their own over this.
  catchUncaught((error) => runAlone(real, args, withoutName(describeError(error).text)));
  let run: () => Promise<unknown>;
  try {
    const cwd = process.cwd();
    const { launchCodex } = await import('../launch/launch.ts');
    run = () => launchCodex({ real, args, env: process.env, cwd, ...wishes });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    runAlone(real, args, reason ?? '');
  }
  await run();
}

/** The shim of a second installation would start us again, under a supervisor, without end: look further. */
function pickReal(candidate: string | undefined): string | undefined {
  if (candidate !== undefined && !isOurShim(candidate)) return candidate;
  const found = findRealCodex(process.env);
  return found.kind === 'found' ? found.path : undefined; // the launcher says which error it is
}

function withoutName(text: string): string {
  return text.replace(/^codex-hotswap: /, '');
}

function runAlone(real: string | undefined, args: string[], reason: string): never {
  if (real === undefined) {
    process.stderr.write(`codex-hotswap: no codex to run on PATH, and ${reason}\n`);
    process.exit(127);
  }
  process.stderr.write(`codex-hotswap: running codex unsupervised: ${reason}\n`);
  const { status, signal } = spawnSync(real, args, { stdio: 'inherit' });
  if (signal) process.kill(process.pid, signal);
  process.exit(status ?? 126);
}
