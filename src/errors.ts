import { toPlainText } from './plain-text.ts';
import { reportBug } from './state/bug-report.ts';

/** The exit status of each expected error. Every other error is a bug of ours, or a failed system call. */
const EXIT_STATUS = {
  usage: 2,
  'unknown-target': 2,
  'bad-name': 2,
  'bad-config': 78, // EX_CONFIG of sysexits.h
  'bad-rule': 78,
  'not-set-up': 78,
  'bad-state': 1,
  'bad-vault': 77, // EX_NOPERM
  'unsafe-path': 77,
  'home-unwritable': 73, // EX_CANTCREAT
  'no-free-slot': 75, // EX_TEMPFAIL
  'no-usable-target': 75,
  'not-allowed': 1,
  'other-provider': 75,
  'forced-login': 1, // as Codex itself
  'identity-clash': 65, // EX_DATAERR
  'login-failed': 1,
  'in-use': 75, // EX_TEMPFAIL
  cancelled: 130, // as after Ctrl-C
  'not-our-shim': 1,
  'codex-not-found': 127,
  'codex-not-runnable': 126,
  'pty-unavailable': 69, // EX_UNAVAILABLE
} as const;

export type ErrorCode = keyof typeof EXIT_STATUS;

/** An expected failure: printed as one line (`codex-hotswap: message; advice`), never with a stack. */
export class HotswapError extends Error {
  override readonly name = 'HotswapError';
  readonly code: ErrorCode;
  readonly exitStatus: number;
  readonly advice: string;

  /** @param message what is wrong and where it came from. @param advice what the user can do about it. */
  constructor(code: ErrorCode, message: string, advice: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitStatus = EXIT_STATUS[code];
    this.advice = advice;
  }
}

/** A session failed before its first child ran, so the launcher can still run the real codex. */
export class NotStartedError extends Error {
  override readonly name = 'NotStartedError';

  constructor(cause: unknown) {
    super('the session could not be started', { cause });
  }
}

/**
 * The line for the user, and the exit status. The stack of a bug goes to a file; a failed system call is no bug.
 * @param report writes the report of a bug, and returns one line that names it.
 */
export function describeError(
  error: unknown,
  report: (error: unknown) => string = reportBug,
): { text: string; exitStatus: number } {
  if (error instanceof HotswapError) {
    const advice = error.advice === '' ? '' : `; ${error.advice}`;
    const text = toPlainText(`codex-hotswap: ${error.message}${advice}`);
    return { text, exitStatus: error.exitStatus };
  }
  const failure = describeSystemError(error);
  const text = toPlainText(`codex-hotswap: ${failure ?? report(error)}`);
  return { text, exitStatus: failure === undefined ? 70 : 74 }; // EX_SOFTWARE, EX_IOERR
}

/** For a full disk or a network that is down: `open of /path failed (ENOSPC)`. Undefined for any other error. */
function describeSystemError(error: unknown): string | undefined {
  const { code, syscall, path } = (error ?? {}) as NodeJS.ErrnoException;
  if (!(error instanceof Error) || syscall === undefined || !/^E[A-Z0-9]+$/.test(code ?? '')) {
    return undefined;
  }
  return `${syscall}${path === undefined ? '' : ` of ${path}`} failed (${code})`;
}
