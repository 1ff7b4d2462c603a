import { spawnSync } from 'node:child_process';
import { findRealCodex, isOurShim } from '../codex/find-codex.ts';
import { toPlainText } from '../plain-text.ts';
import { ignoringHangup } from '../session/exec/ignore-hangup.ts';
import { ignoreStderrErrors } from '../state/uncaught-errors.ts';
import { takeIgnoredHangup } from './ignored-hangup.ts';

/** A `codex` command line: its words, and the facts that the shim has found. */
export interface Typed {
  /** The real codex; undefined when there is none. */
  real: string | undefined;
  args: string[];
  /** We were started with SIGHUP ignored, as by nohup. The real codex is started in the same way. */
  ignoresHangup: boolean;
}

/** Completes the facts. @param candidate the real codex, if the shim has found it. */
export function readTyped(candidate: string | undefined, args: string[]): Typed {
  return { real: pickReal(candidate), args, ignoresHangup: takeIgnoredHangup(process.env) };
}

/** Runs the real codex without supervision, with one line on stderr. */
export function runAlone({ real, args, ignoresHangup }: Typed, reason: string): never {
  ignoreStderrErrors();
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

/** The first line of an error of the installation or of the working directory. */
export function reasonOf(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0] as string;
}

/** Skips the shim of a second installation, which would start us again and again. */
function pickReal(candidate: string | undefined): string | undefined {
  if (candidate !== undefined && !isOurShim(candidate)) return candidate;
  const found = findRealCodex(process.env);
  return found.kind === 'found' ? found.path : undefined; // the launcher says which error it is
}
