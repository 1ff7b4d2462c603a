import { toPlainText } from './plain-text.ts';
import { reportBug } from './state/bug-report.ts';

/**
 * The catalogue of expected errors: each has a code, an exit status, and a message that says what is wrong,
 * where it came from and what to do. Anything thrown that is not a `HotswapError` is a bug of ours.
 */
const CATALOGUE = {
  usage: 2,
  'unknown-target': 2,
  'bad-name': 2,
  'bad-config': 78, // EX_CONFIG of sysexits.h
  'not-set-up': 78,
  'bad-state': 1,
  'bad-vault': 77, // EX_NOPERM
  'unsafe-path': 77,
  'home-unwritable': 73, // EX_CANTCREAT
  'no-free-slot': 75, // EX_TEMPFAIL
  'no-usable-target': 75,
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

export type ErrorCode = keyof typeof CATALOGUE;

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
    this.exitStatus = CATALOGUE[code];
    this.advice = advice;
  }
}

/** A session failed before its first child ran: the launcher can still run the real codex. */
export class NotStartedError extends Error {
  override readonly name = 'NotStartedError';

  /** @param cause why. */
  constructor(cause: unknown) {
    super('the session could not be started', { cause });
  }
}

/**
 * The one line an error is shown as. A failed system call is the system's, not a bug; the stack of a bug goes to a file.
 * @param report keeps a bug for later and says where, in one line.
 */
export function describeError(
  error: unknown,
  report: (error: unknown) => string = reportBug,
): { text: string; exitStatus: number } {
  if (error instanceof HotswapError) {
    return {
      text: toPlainText(
        `codex-hotswap: ${error.message}${error.advice === '' ? '' : `; ${error.advice}`}`,
      ),
      exitStatus: error.exitStatus,
    };
  }
  const failure = describeSystemError(error);
  const text = toPlainText(`codex-hotswap: ${failure ?? report(error)}`);
  return { text, exitStatus: failure === undefined ? 70 : 74 }; // EX_SOFTWARE, EX_IOERR
}

/** A full disk, a directory that may not be written in, a network that is down: `open of /path failed (ENOSPC)`. */
function describeSystemError(error: unknown): string | undefined {
  const { code, syscall, path } = (error ?? {}) as NodeJS.ErrnoException;
  if (!(error instanceof Error) || syscall === undefined || !/^E[A-Z0-9]+$/.test(code ?? '')) {
    return undefined;
  }
  return `${syscall}${path === undefined ? '' : ` of ${path}`} failed (${code})`;
}
