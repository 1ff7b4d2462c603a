import { continuesThread, dropOption, type Invocation } from '../codex/argv.ts';

const HERE = 'here';

/**
 * Removes our own option `--here` from `codex resume` and `codex fork`, because Codex would refuse it. With `--here` the
 * thread goes on under the account that new sessions start with. A prompt with that word stays. Pure.
 */
export function takeHereOption(invocation: Invocation): { invocation: Invocation; here: boolean } {
  const here =
    continuesThread(invocation) &&
    invocation.flags.some(({ name, values }) => name === HERE && values.length === 0);
  return here ? { invocation: dropOption(invocation, HERE), here } : { invocation, here };
}
