import { spawnSync } from 'node:child_process';
import module from 'node:module';
import { findRealCodex, isOurShim } from '../codex/find.ts';
import { describeError } from '../errors.ts';
import { ignoringHangup, takeIgnoredHangup } from '../launch/ignored-hangup.ts';
import { toPlainText } from '../plain-text.ts';
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
  const ignoresHangup = takeIgnoredHangup(process.env);
  // Before a child runs; each that starts one lays a net of its own over this.
  catchUncaught((error) =>
    runAlone(real, args, { reason: withoutName(describeError(error).text), ignoresHangup }),
  );
  let run: () => Promise<unknown>;
  try {
    const cwd = process.cwd();
    const { launchCodex } = await import('../launch/launch.ts');
    run = () => launchCodex({ real, args, env: process.env, cwd, ignoresHangup, ...wishes });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    runAlone(real, args, { reason: reason ?? '', ignoresHangup });
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

interface Alone {
  reason: string;
  ignoresHangup: boolean;
}

function runAlone(
  real: string | undefined,
  args: string[],
  { reason, ignoresHangup }: Alone,
): never {
  if (real === undefined) {
    process.stderr.write(`codex-hotswap: no codex to run on PATH, and ${toPlainText(reason)}\n`);
    process.exit(127);
  }
  process.stderr.write(`codex-hotswap: running codex unsupervised: ${toPlainText(reason)}\n`);
  const command = { file: real, args };
  const alone = ignoresHangup ? ignoringHangup(command) : command;
  const { status, signal } = spawnSync(alone.file, alone.args, { stdio: 'inherit' });
  if (signal) process.kill(process.pid, signal);
  process.exit(status ?? 126);
}
