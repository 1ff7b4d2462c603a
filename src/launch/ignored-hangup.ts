export { ignoringHangup } from '../session/exec/ignore-hangup.ts';

/** By this the shim tells that SIGHUP was ignored when it was started: Node resets that for itself. */
const VARIABLE = 'CODEX_HOTSWAP_IGNORES_HUP';

/**
 * Whether codex was started with SIGHUP ignored (`nohup codex exec … &`, `trap '' HUP`): the work is to live through the
 * end of the terminal then. From here on this process does.
 * @param env of this process; the word is taken out of it, as it is not for what codex starts.
 */
export function takeIgnoredHangup(env: NodeJS.ProcessEnv): boolean {
  const isIgnored = env[VARIABLE] === '1';
  delete env[VARIABLE];
  if (isIgnored) process.on('SIGHUP', () => undefined);
  return isIgnored;
}
