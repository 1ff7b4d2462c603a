import { continuesThread, dropOption, type Invocation } from '../codex/argv.ts';

const HERE = 'here';

/**
 * `codex resume <id> --here` is our own option, which Codex would refuse: go on with the thread under the account that new
 * sessions start with. It is taken out where a thread is resumed or forked. A prompt that says so stays. Pure.
 */
export function takeHereOption(invocation: Invocation): { invocation: Invocation; here: boolean } {
  const here =
    continuesThread(invocation) &&
    invocation.flags.some(({ name, values }) => name === HERE && values.length === 0);
  return here ? { invocation: dropOption(invocation, HERE), here } : { invocation, here };
}
