import { isAbsolute, join } from 'node:path';

/** Where our state is kept. Relative and empty values are ignored, as the XDG base directory specification says. */
export function stateDirOf(env: NodeJS.ProcessEnv, homedir: string): string {
  return join(absolute(env.XDG_STATE_HOME) ?? join(homedir, '.local', 'state'), 'codex-hotswap');
}

export function absolute(value: string | undefined): string | undefined {
  return value !== undefined && isAbsolute(value) ? value : undefined;
}
