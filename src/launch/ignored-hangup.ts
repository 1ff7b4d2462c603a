/** The shim sets this variable when it was started with SIGHUP ignored, because Node resets that for itself. */
const VARIABLE = 'CODEX_HOTSWAP_IGNORES_HUP';

/**
 * Whether codex was started with SIGHUP ignored (`nohup codex exec … &`, `trap '' HUP`), so that it lives on after the
 * terminal. If so, this process ignores SIGHUP from now on.
 * @param env of this process; the variable is removed, because the children of codex must not see it.
 */
export function takeIgnoredHangup(env: NodeJS.ProcessEnv): boolean {
  const isIgnored = env[VARIABLE] === '1';
  delete env[VARIABLE];
  if (isIgnored) process.on('SIGHUP', () => undefined);
  return isIgnored;
}
