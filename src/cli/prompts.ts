import { HotswapError } from '../errors.ts';
import { toPlainText } from '../plain-text.ts';

/** Whether a person can answer: questions need stdin and stdout to be a terminal. */
export function isInteractive(): boolean {
  return Boolean(process.stdin.isTTY && process.stdout.isTTY);
}

/**
 * Asks for a text. Enter alone takes `initial`.
 * @param check returns what is wrong with the text; undefined when it is right.
 * @throws HotswapError `cancelled` on Ctrl-C or Escape, as every question of this file does.
 */
export async function askText(
  message: string,
  { initial, check }: { initial: string; check: (text: string) => string | undefined },
): Promise<string> {
  const { text } = await import('@clack/prompts');
  const answer = await text({
    message: toPlainText(message),
    placeholder: initial,
    defaultValue: initial,
    validate: (typed) => check(typed || initial),
  });
  return notCancelled(answer);
}

export async function askYesNo(message: string): Promise<boolean> {
  const { confirm } = await import('@clack/prompts');
  return notCancelled(await confirm({ message: toPlainText(message) }));
}

/**
 * Asks before something is deleted.
 * @param action for the error message, e.g. `removing the login of acc1`.
 * @throws HotswapError `cancelled` when the answer is no; `usage` without a terminal.
 */
export async function confirm(question: string, action: string): Promise<void> {
  if (!isInteractive()) {
    throw new HotswapError(
      'usage',
      `${action} needs --yes without a terminal; nothing was changed`,
      'add --yes, or run it in a terminal',
    );
  }
  if (await askYesNo(question)) return;
  throw new HotswapError('cancelled', 'cancelled', 'nothing was changed');
}

export interface Option<T extends string> {
  value: T;
  label: string;
  hint?: string;
}

export async function askChoice<T extends string>(
  message: string,
  options: readonly Option<T>[],
): Promise<T> {
  const { select } = await import('@clack/prompts');
  const answer = await select<string>({
    message: toPlainText(message),
    options: options.map(({ value, label, hint }) => ({
      value,
      label: toPlainText(label),
      ...(hint === undefined ? {} : { hint: toPlainText(hint) }),
    })),
  });
  return notCancelled(answer) as T;
}

function notCancelled<T>(answer: T): Exclude<T, symbol> {
  if (typeof answer !== 'symbol') return answer as Exclude<T, symbol>;
  throw new HotswapError('cancelled', 'cancelled', 'the steps before this one are kept');
}
